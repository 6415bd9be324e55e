"""Versions of models, and their files."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import servery.registry.v1 as pb
from servery.client import _convert as convert
from servery.client import _metadata as metadata
from servery.client import _value as value
from servery.client._connection import Connection
from servery.client._pages import pages
from servery.client._resources import File, Version
from servery.client._schema import ModelSchema, Provenance
from servery.errors import InvalidArgument

ALL_MODELS: Final = "-"

UPDATABLE: Final = ("description", "metrics", "input_example", "schema", "provenance")


class Versions:
    """Versions of the models of the client's project."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def create(
        self,
        model: str,
        *,
        framework: str,
        version: int | None = None,
        metrics: Mapping[str, float] | None = None,
        description: str = "",
        input_example: Any = None,
        schema: ModelSchema | Mapping[str, Any] | None = None,
        provenance: Provenance | Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Version:
        """Create a version that is PENDING and has no files; `Client.push` does this and the rest.

        `version` None means the next free number. The same `request_id` again, within 24 h, gives the same version as
        it is then. Raise NotFound when there is no such model, AlreadyExists when the number is taken.
        """
        request = pb.CreateVersionRequest(
            project=self._project,
            model=model,
            version=version or 0,
            framework=convert.framework_to_proto(framework),
            metrics=metrics_to_proto(metrics),
            description=description,
            request_id=request_id or str(uuid.uuid4()),
            input_example=value.example_to_text(input_example),
        )
        if schema is not None:
            request.schema.CopyFrom(metadata.model_schema_to_proto(metadata.model_schema(schema)))
        if provenance is not None:
            request.provenance.CopyFrom(metadata.provenance_to_proto(metadata.provenance(provenance)))
        response = self._registry.call(self._stub().CreateVersion, request)
        return convert.version_from_proto(response.version)

    def get(
        self, model: str, version: int | None = None, *, alias: str | None = None, show_pending: bool = False
    ) -> Version:
        """Get one version, by number or by alias; neither means the latest that is READY.

        Raise NotFound when there is none.
        """
        request = pb.GetVersionRequest(
            project=self._project, model=model, version=version or 0, alias=alias or "", show_pending=show_pending
        )
        return convert.version_from_proto(self._registry.call(self._stub().GetVersion, request).version)

    def best(self, model: str, metric: str, direction: str = "max") -> Version:
        """The READY version with the highest ("max") or lowest ("min") value of a metric; of equal ones the newest.

        Raise NotFound that names the metric when no version has it.
        """
        request = pb.GetBestVersionRequest(
            project=self._project, model=model, metric=metric, direction=convert.direction_to_proto(direction)
        )
        return convert.version_from_proto(self._registry.call(self._stub().GetBestVersion, request).version)

    def list(
        self,
        model: str = ALL_MODELS,
        *,
        filter: str = "",  # noqa: A002  # its name on the wire, and in AIP-160
        order_by: str = "",
        show_pending: bool = False,
    ) -> Iterator[Version]:
        """Versions of a model, or of all ("-"), newest number first; pages are fetched as they are wanted.

        Args:
            model: name of the model; "-" for the versions of all models.
            filter: comparisons joined by AND, such as `framework = SKLEARN AND metrics.accuracy > 0.9`; fields are
                model, framework, state, creator, alias, tags.NAME, metrics.NAME, create_time and version.
            order_by: `version`, `create_time`, `model` or `metrics.NAME`, and ` desc` for the reverse.
            show_pending: also those that are not READY.
        """

        def ask(size: int, token: str) -> pb.ListVersionsResponse:
            request = pb.ListVersionsRequest(
                project=self._project,
                model=model,
                page_size=size,
                page_token=token,
                show_pending=show_pending,
                filter=filter,
                order_by=order_by,
            )
            answer: pb.ListVersionsResponse = self._registry.call(self._stub().ListVersions, request)
            return answer

        return (convert.version_from_proto(version) for page in pages(ask) for version in page.versions)

    def update(
        self,
        model: str,
        version: int,
        *,
        description: str | None = None,
        metrics: Mapping[str, float] | None = None,
        input_example: Any = None,
        schema: ModelSchema | Mapping[str, Any] | None = None,
        provenance: Provenance | Mapping[str, Any] | None = None,
        clear: Sequence[str] = (),
        etag: str = "",
    ) -> Version:
        """Change what is known of a version. What is None stays; what `clear` names becomes empty.

        Metrics, schema and provenance are replaced whole. With an etag only that form is changed: raise Aborted when
        it is another one now. Raise InvalidArgument when there is nothing to change.
        """
        message = pb.Version(project=self._project, model=model, version=version, etag=etag)
        request = pb.UpdateVersionRequest(version=message)
        given = {
            "description": description,
            "metrics": metrics,
            "input_example": input_example,
            "schema": schema,
            "provenance": provenance,
        }
        unknown = sorted({*clear} - {*UPDATABLE})
        if unknown:
            raise InvalidArgument(f"can't clear {', '.join(unknown)}; only {', '.join(UPDATABLE)}", field="clear")
        request.update_mask.paths.extend(name for name in UPDATABLE if given[name] is not None or name in clear)
        if not request.update_mask.paths:
            raise InvalidArgument(f"nothing is to be changed; give any of {', '.join(UPDATABLE)}", field="update_mask")
        if description is not None:
            request.version.description = description
        request.version.metrics.update(metrics_to_proto(metrics))
        request.version.input_example = value.example_to_text(input_example)
        if schema is not None:
            request.version.schema.CopyFrom(metadata.model_schema_to_proto(metadata.model_schema(schema)))
        if provenance is not None:
            request.version.provenance.CopyFrom(metadata.provenance_to_proto(metadata.provenance(provenance)))
        return convert.version_from_proto(self._registry.call(self._stub().UpdateVersion, request).version)

    def delete(self, model: str, version: int, *, etag: str = "") -> None:
        """Remove a version, its aliases and tags; its number is never used again.

        Raise FailedPrecondition that names the deployments which use it, Aborted when an etag is given and it is
        another one now.
        """
        request = pb.DeleteVersionRequest(project=self._project, model=model, version=version, etag=etag)
        self._registry.call(self._stub().DeleteVersion, request)

    def finalize(self, model: str, version: int) -> Version:
        """Make a version READY. Raise FailedPrecondition when it has no file, or an upload is unfinished."""
        request = pb.FinalizeVersionRequest(project=self._project, model=model, version=version)
        return convert.version_from_proto(self._registry.call(self._stub().FinalizeVersion, request).version)

    def _stub(self) -> pb.VersionServiceStub:
        return self._registry.stub(pb.VersionServiceStub)


class Files:
    """Files of a version."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def list(self, model: str, version: int | None = None) -> Iterator[File]:
        """Files of a version, ordered by path; None means the latest version."""

        def ask(size: int, token: str) -> pb.ListFilesResponse:
            request = pb.ListFilesRequest(
                project=self._project, model=model, version=version or 0, page_size=size, page_token=token
            )
            answer: pb.ListFilesResponse = self._registry.call(
                self._registry.stub(pb.FileServiceStub).ListFiles, request
            )
            return answer

        return (convert.file_from_proto(file) for page in pages(ask) for file in page.files)


def metrics_to_proto(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    """Metrics as the wire has them. Raise InvalidArgument for what is not text to number."""
    if metrics is not None and not isinstance(metrics, Mapping):
        raise InvalidArgument("metrics must be a mapping of names to numbers", field="metrics")
    given: dict[str, float] = {}
    for name, number in (metrics or {}).items():
        if not isinstance(name, str):
            raise InvalidArgument(f"the name of a metric must be text, not {name!r}", field="metrics")
        try:
            given[name] = float(number)
        except (TypeError, ValueError):
            raise InvalidArgument(f"metric {name} must be a number, not {number!r}", field="metrics") from None
    return given
