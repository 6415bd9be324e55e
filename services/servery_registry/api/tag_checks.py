"""What requests about aliases and tags must be. Pure; each raises InvalidArgument with the field."""

import math

from google.protobuf.struct_pb2 import Value

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api import checks, convert
from servery_registry.domain.json_text import json_problem, json_text
from servery_registry.domain.tag import MAX_SCHEMA_BYTES, MAX_VALUE_BYTES, is_tag_name


def set_alias(request: pb.SetAliasRequest) -> None:
    checks.project(request.project)
    checks.name(request.model, "model")
    checks.alias(request.alias)
    checks.number(request.version, "version", required=True)
    if request.HasField("previous_version"):
        checks.number(request.previous_version, "previous_version")


def delete_alias(request: pb.DeleteAliasRequest) -> None:
    checks.project(request.project)
    checks.name(request.model, "model")
    checks.alias(request.alias)


def set_tag(request: pb.SetTagRequest) -> None:
    checks.project(request.project)
    checks.name(request.model, "model")
    checks.number(request.version, "version")
    tag_name(request.name, "name")
    tag_value(request.value, "value")


def delete_tag(request: pb.DeleteTagRequest) -> None:
    checks.project(request.project)
    checks.name(request.model, "model")
    checks.number(request.version, "version")
    tag_name(request.name, "name")


def set_tag_schema(request: pb.SetTagSchemaRequest) -> None:
    schema = request.tag_schema
    checks.project(schema.project, "tag_schema.project")
    tag_name(schema.name, "tag_schema.name")
    if schema.json_schema and (problem := json_problem(schema.json_schema, MAX_SCHEMA_BYTES)):
        raise InvalidArgument(f"json_schema {problem}", field="tag_schema.json_schema", reason="TAG_SCHEMA_INVALID")


def delete_tag_schema(request: pb.DeleteTagSchemaRequest) -> None:
    checks.project(request.project)
    tag_name(request.name, "name")


def tag_name(given: str, field: str) -> None:
    if not is_tag_name(given):
        raise InvalidArgument(
            f"{field} must have 1 to 63 letters, digits, - and _; {given[:64]!r} has not", field=field
        )


def tag_value(given: Value, field: str) -> None:
    _is_json(given, field)
    size = len(json_text(convert.value_from_proto(given)).encode())
    if size > MAX_VALUE_BYTES:
        raise InvalidArgument(f"{field} must be at most {MAX_VALUE_BYTES} bytes of JSON, is {size}", field=field)


def _is_json(given: Value, field: str) -> None:
    match given.WhichOneof("kind"):
        case None:
            raise InvalidArgument(f"{field} must be a JSON value; null is one, nothing is none", field=field)
        case "number_value" if not math.isfinite(given.number_value):
            raise InvalidArgument(f"{field} holds {given.number_value}, which JSON has not; write null", field=field)
        case "string_value":
            checks.no_nul(given.string_value, field)
        case "list_value":
            for each in given.list_value.values:
                _is_json(each, field)
        case "struct_value":
            for key, each in given.struct_value.fields.items():
                checks.no_nul(key, field)
                _is_json(each, field)
