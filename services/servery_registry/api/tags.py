"""TagService: check, convert, call, convert."""

from typing import Any

import servery.registry.v1 as pb
from servery_registry.api import checks, convert, tag_checks, windows
from servery_registry.app.tags import TagUseCases


class TagServicer(pb.TagServiceServicer):
    def __init__(self, tags: TagUseCases) -> None:
        self._tags = tags

    async def SetTag(self, request: pb.SetTagRequest, context: Any) -> pb.SetTagResponse:
        tag_checks.set_tag(request)
        project, value = convert.project_from_proto(request.project), convert.value_from_proto(request.value)
        await self._tags.set(project, request.model, request.version, request.name, value)
        return pb.SetTagResponse()

    async def DeleteTag(self, request: pb.DeleteTagRequest, context: Any) -> pb.DeleteTagResponse:
        tag_checks.delete_tag(request)
        project = convert.project_from_proto(request.project)
        await self._tags.delete(project, request.model, request.version, request.name)
        return pb.DeleteTagResponse()

    async def SetTagSchema(self, request: pb.SetTagSchemaRequest, context: Any) -> pb.SetTagSchemaResponse:
        tag_checks.set_tag_schema(request)
        stored = await self._tags.set_schema(convert.new_tag_schema_from_proto(request.tag_schema))
        return pb.SetTagSchemaResponse(tag_schema=convert.tag_schema_to_proto(stored))

    async def DeleteTagSchema(self, request: pb.DeleteTagSchemaRequest, context: Any) -> pb.DeleteTagSchemaResponse:
        tag_checks.delete_tag_schema(request)
        await self._tags.delete_schema(convert.project_from_proto(request.project), request.name)
        return pb.DeleteTagSchemaResponse()

    async def ListTagSchemas(self, request: pb.ListTagSchemasRequest, context: Any) -> pb.ListTagSchemasResponse:
        checks.project(request.project)
        window = windows.tag_schemas_window(request)
        found = await self._tags.list_schemas(convert.project_from_proto(request.project), window)
        messages, shown = windows.fitting(found, convert.tag_schema_to_proto)
        return pb.ListTagSchemasResponse(
            tag_schemas=messages, next_page_token=windows.tag_schemas_token(request, shown)
        )
