"""The API as text: a change of it is a line in a review. `make golden` writes the file anew."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from servery.inference import POOL

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("api.txt")


def test_the_api_is_the_one_that_is_written_down() -> None:
    text = "\n".join(line for file in files() for line in describe(file)) + "\n"
    if os.environ.get("SERVERY_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), "the API changed; if it was meant to, run `make golden`"


def files() -> Iterator[FileDescriptor]:
    for path in sorted((ROOT / "protos").glob("**/*.proto")):
        name = str(path.relative_to(ROOT / "protos"))
        if name.startswith("inference/"):
            yield POOL.FindFileByName(name)
        else:
            yield import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2").DESCRIPTOR


def describe(file: FileDescriptor) -> Iterator[str]:
    for service in file.services_by_name.values():
        yield from describe_service(service)
    for message in file.message_types_by_name.values():
        yield from describe_message(message)
    for enum in file.enum_types_by_name.values():
        yield from describe_enum(enum)


def describe_service(service: ServiceDescriptor) -> Iterator[str]:
    for method in service.methods:
        request = ("stream " if method.client_streaming else "") + method.input_type.full_name
        answer = ("stream " if method.server_streaming else "") + method.output_type.full_name
        level = MethodOptions.IdempotencyLevel.Name(method.GetOptions().idempotency_level)
        yield f"rpc {method.full_name}({request}) returns ({answer}) {level}"


def describe_message(message: Descriptor) -> Iterator[str]:
    yield f"message {message.full_name}"
    for field in message.fields:
        oneof = f" oneof {field.containing_oneof.name}" if field.containing_oneof else ""
        yield f"field {field.full_name} = {field.number}: {type_of(field)}{oneof}"
    for nested in message.nested_types:
        if not nested.GetOptions().map_entry:
            yield from describe_message(nested)
    for enum in message.enum_types:
        yield from describe_enum(enum)


def describe_enum(enum: EnumDescriptor) -> Iterator[str]:
    yield f"enum {enum.full_name}"
    for value in enum.values:
        yield f"value {enum.full_name}.{value.name} = {value.number}"


SCALARS = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}


def type_of(field: FieldDescriptor) -> str:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        return f"map<{type_of(entry.fields_by_name['key'])}, {type_of(entry.fields_by_name['value'])}>"
    name = entry.full_name if entry is not None else field.enum_type.full_name if field.enum_type else None
    return ("repeated " if field.is_repeated else "") + (name or SCALARS[field.type])
