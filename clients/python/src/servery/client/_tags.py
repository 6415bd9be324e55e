"""Tags of models and versions, and what a project says of them."""

from collections.abc import Iterator
from typing import Any

import servery.registry.v1 as pb
from servery.client import _convert as convert
from servery.client import _value as values
from servery.client._connection import Connection
from servery.client._pages import pages
from servery.client._resources import TagSchema


class Tags:
    """Tags in the client's project: names with a JSON value. They are read from `Model.tags` and `Version.tags`."""

    schemas: "TagSchemas"

    def __init__(self, registry: Connection, project: str) -> None:
        self.schemas = TagSchemas(registry, project)
        self._registry = registry
        self._project = project

    def set(self, model: str, name: str, value: Any, *, version: int | None = None) -> None:
        """Set a tag of a version, or of the model itself when there is no version.

        Raise InvalidArgument when the value does not fit the schema of the name.
        """
        request = pb.SetTagRequest(
            project=self._project, model=model, version=version or 0, name=name, value=values.to_proto(value)
        )
        self._registry.call(self._stub().SetTag, request)

    def delete(self, model: str, name: str, *, version: int | None = None) -> None:
        """Remove a tag of a version, or of the model itself. Raise NotFound when there is none of that name."""
        request = pb.DeleteTagRequest(project=self._project, model=model, version=version or 0, name=name)
        self._registry.call(self._stub().DeleteTag, request)

    def _stub(self) -> pb.TagServiceStub:
        return self._registry.stub(pb.TagServiceStub)


class TagSchemas:
    """What the client's project says of the tags of a name."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def set(self, name: str, json_schema: Any = None, *, mandatory: bool = False) -> TagSchema:
        """Set the JSON Schema that values must fit (None: any), and whether every version shall have the tag."""
        text = "" if json_schema is None else values.to_text(json_schema, field="json_schema")
        schema = pb.TagSchema(project=self._project, name=name, json_schema=text, mandatory=mandatory)
        answer = self._registry.call(self._stub().SetTagSchema, pb.SetTagSchemaRequest(tag_schema=schema))
        return convert.tag_schema_from_proto(answer.tag_schema)

    def delete(self, name: str) -> None:
        """Remove the schema of a name; tags stay. Raise NotFound when there is none."""
        request = pb.DeleteTagSchemaRequest(project=self._project, name=name)
        self._registry.call(self._stub().DeleteTagSchema, request)

    def list(self) -> Iterator[TagSchema]:
        """All schemas, ordered by name; pages are fetched as they are wanted."""

        def ask(size: int, token: str) -> pb.ListTagSchemasResponse:
            request = pb.ListTagSchemasRequest(project=self._project, page_size=size, page_token=token)
            answer: pb.ListTagSchemasResponse = self._registry.call(self._stub().ListTagSchemas, request)
            return answer

        return (convert.tag_schema_from_proto(each) for page in pages(ask) for each in page.tag_schemas)

    def _stub(self) -> pb.TagServiceStub:
        return self._registry.stub(pb.TagServiceStub)
