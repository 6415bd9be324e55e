"""Aliases, tags and what is known of a version, over gRPC: the same calls, the same errors, somewhere else."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery_registry.api import convert, metadata_convert, windows
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.tag import TagSchema
from servery_registry.domain.version import VersionChange


async def answer(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except grpc.RpcError as error:
        raise from_rpc(error) from error


class RemoteAliases:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.AliasServiceStub(channel)

    async def set(self, project: str, model: str, alias: str, number: int, *, previous: int | None = None) -> None:
        await answer(
            self._stub.SetAlias(
                pb.SetAliasRequest(project=project, model=model, alias=alias, version=number, previous_version=previous)
            )
        )

    async def delete(self, project: str, model: str, alias: str) -> None:
        await answer(self._stub.DeleteAlias(pb.DeleteAliasRequest(project=project, model=model, alias=alias)))


class RemoteTags:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.TagServiceStub(channel)

    async def set(self, project: str, model: str, number: int, name: str, value: Any) -> None:
        request = pb.SetTagRequest(
            project=project, model=model, version=number, name=name, value=convert.value_to_proto(value)
        )
        await answer(self._stub.SetTag(request))

    async def delete(self, project: str, model: str, number: int, name: str) -> None:
        request = pb.DeleteTagRequest(project=project, model=model, version=number, name=name)
        await answer(self._stub.DeleteTag(request))

    async def set_schema(self, schema: TagSchema) -> TagSchema:
        request = pb.SetTagSchemaRequest(tag_schema=convert.tag_schema_to_proto(schema))
        return _schema((await answer(self._stub.SetTagSchema(request))).tag_schema)

    async def delete_schema(self, project: str, name: str) -> None:
        await answer(self._stub.DeleteTagSchema(pb.DeleteTagSchemaRequest(project=project, name=name)))

    async def list_schemas(self, project: str, window: Window[str]) -> Listing[TagSchema]:
        request = pb.ListTagSchemasRequest(project=project, page_size=window.size)
        if window.after is not None:
            last = TagSchema(
                project=project,
                name=window.after,
                json_schema="",
                mandatory=False,
                update_time=datetime.now(UTC),
            )
            request.page_token = windows.tag_schemas_token(request, Listing([last], more=True))
        response = await answer(self._stub.ListTagSchemas(request))
        return Listing([_schema(each) for each in response.tag_schemas], more=bool(response.next_page_token))


def change_to_proto(project: str, model: str, number: int, change: VersionChange, etag: str) -> pb.UpdateVersionRequest:
    version = pb.Version(
        project=project,
        model=model,
        version=number,
        etag=etag,
        description=change.description or "",
        metrics=change.metrics or {},
        input_example=change.input_example or "",
        schema=change.schema and metadata_convert.model_schema_to_proto(change.schema),
        provenance=change.provenance and metadata_convert.provenance_to_proto(change.provenance),
        framework=change.framework and convert.framework_to_proto(change.framework),
    )
    names = ("description", "metrics", "input_example", "schema", "provenance")
    paths = [name for name in names if getattr(change, name) is not None]
    return pb.UpdateVersionRequest(version=version, update_mask=FieldMask(paths=[] if change.framework else paths))


def described(version: pb.Version) -> dict[str, Any]:
    """What the domain's Version has of it."""
    return {
        "input_example": version.input_example,
        "schema": metadata_convert.model_schema_from_proto(version.schema),
        "provenance": metadata_convert.provenance_from_proto(version.provenance),
        "aliases": tuple(version.aliases),
        "tags": {name: convert.value_from_proto(value) for name, value in version.tags.items()},
        "missing_mandatory_tags": tuple(version.missing_mandatory_tags),
    }


def _schema(schema: pb.TagSchema) -> TagSchema:
    return TagSchema(
        project=schema.project,
        name=schema.name,
        json_schema=schema.json_schema,
        mandatory=schema.mandatory,
        update_time=schema.update_time.ToDatetime(UTC),
    )
