"""Compare our `inference` contract with the one that tritonclient was built from.

    python -m grpc_tools.protoc -I protos --include_imports --descriptor_set_out=SET protos/inference/*.proto
    python tests/conformance/inference_contract.py SET

Run it in a process of its own: tritonclient registers `inference.*` in protobuf's default pool. Ours is read
into a private one, so the two can be held side by side. Comments, file names, the order of declarations and
the options of rpcs are not compared: they change neither a byte on the wire nor a name in generated code.

Prints one line for each difference. Exit status: 0 equal, 1 different, 2 could not compare.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

PACKAGE = "inference"

Facts: TypeAlias = dict[str, object]
"""What is true of one item, for example a field's number."""

Contract: TypeAlias = dict[str, Facts]
"""The facts of every item, by kind and full name: "field inference.ModelConfig.name"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """An item that we have and tritonclient has not."""

    reason: str
    facts: Facts
    """What it must be like; a change of its number is a difference too."""


ALLOWED: dict[str, Addition] = {
    "field inference.ModelMetadataResponse.properties": Addition(
        reason="field 6 of the Open Inference Protocol, which Triton leaves out",
        facts={
            "number": 6,
            "type": "map<TYPE_STRING, TYPE_STRING>",
            "label": "repeated",
            "packed": False,
            "presence": False,
            "oneof": None,
            "json_name": "properties",
            "default": None,
        },
    ),
}


def contract(files: Iterable[FileDescriptor]) -> Contract:
    """Every item of the files, flat."""
    found: Contract = {}
    for file in files:
        parts = (
            *(_service(s) for s in file.services_by_name.values()),
            *(_message(m) for m in file.message_types_by_name.values()),
            *(_enum(e) for e in file.enum_types_by_name.values()),
            *(iter([(f"extension {x.full_name}", _field(x))]) for x in file.extensions_by_name.values()),
        )
        for part in parts:
            found.update(part)
    return found


def differences(theirs: Contract, ours: Contract, allowed: dict[str, Addition]) -> list[str]:
    """One line for each item that is missing, extra or not the same."""
    lines: list[str] = []
    for name in sorted(theirs.keys() | ours.keys() | allowed.keys()):
        if name in allowed:
            lines += _addition(name, allowed[name], theirs, ours)
        elif name not in ours:
            lines.append(f"missing: {name}")
        elif name not in theirs:
            lines.append(f"extra: {name}")
        else:
            lines += _changes(name, theirs[name], ours[name])
    return lines


def _addition(name: str, addition: Addition, theirs: Contract, ours: Contract) -> list[str]:
    if name in theirs:
        return [f"no longer an addition, take it out of ALLOWED: {name}"]
    if name not in ours:
        return [f"missing addition: {name} ({addition.reason})"]
    return _changes(name, addition.facts, ours[name])


def _changes(name: str, theirs: Facts, ours: Facts) -> list[str]:
    return [
        f"changed: {name}: {fact} is {ours.get(fact)!r}, should be {theirs.get(fact)!r}"
        for fact in sorted(theirs.keys() | ours.keys())
        if theirs.get(fact) != ours.get(fact)
    ]


def _service(service: ServiceDescriptor) -> Iterator[tuple[str, Facts]]:
    yield f"service {service.full_name}", {}
    for method in service.methods:
        yield (
            f"rpc {method.full_name}",
            {
                "request": method.input_type.full_name,
                "response": method.output_type.full_name,
                "client_streaming": method.client_streaming,
                "server_streaming": method.server_streaming,
            },
        )


def _message(message: Descriptor) -> Iterator[tuple[str, Facts]]:
    yield f"message {message.full_name}", {}
    for field in message.fields:
        yield f"field {field.full_name}", _field(field)
    for oneof in message.oneofs:
        yield f"oneof {oneof.full_name}", _oneof(oneof)
    for enum in message.enum_types:
        yield from _enum(enum)
    for extension in message.extensions:
        yield f"extension {extension.full_name}", _field(extension)
    for nested in message.nested_types:
        if not _is_map_entry(nested):  # told by the type of the map field
            yield from _message(nested)


def _oneof(oneof: OneofDescriptor) -> Facts:
    return {"fields": sorted(field.name for field in oneof.fields)}


def _enum(enum: EnumDescriptor) -> Iterator[tuple[str, Facts]]:
    yield f"enum {enum.full_name}", {"closed": enum.is_closed}
    for value in enum.values:
        yield f"value {enum.full_name}.{value.name}", {"number": value.number}


def _field(field: FieldDescriptor) -> Facts:
    return {
        "number": field.number,
        "type": _type(field),
        "label": "repeated" if field.is_repeated else "required" if field.is_required else "singular",
        "packed": field.is_packed,
        "presence": field.has_presence,
        "oneof": field.containing_oneof.name if field.containing_oneof else None,
        "json_name": field.json_name,
        "default": field.default_value if field.has_default_value else None,
    }


def _type(field: FieldDescriptor) -> str:
    if field.message_type and _is_map_entry(field.message_type):
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return f"map<{_type(key)}, {_type(value)}>"
    kind = FieldDescriptorProto.Type.DESCRIPTOR.values_by_number[field.type].name
    named = field.message_type or field.enum_type
    return f"{kind} {named.full_name}" if named else kind


def _is_map_entry(message: Descriptor) -> bool:
    return message.GetOptions().map_entry


def _ours(path: Path) -> list[FileDescriptor]:
    pool = DescriptorPool()
    files = FileDescriptorSet.FromString(path.read_bytes()).file
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return [pool.FindFileByName(file.name) for file in files if file.package == PACKAGE]


def _theirs() -> list[FileDescriptor]:
    # Imported here, not above: it fills the default pool, and only a process that compares may do that.
    from tritonclient.grpc import model_config_pb2, service_pb2

    return [service_pb2.DESCRIPTOR, model_config_pb2.DESCRIPTOR]


def main(arguments: list[str]) -> int:
    """Compare, print, and return the exit status."""
    if len(arguments) != 1:
        print("usage: inference_contract.py DESCRIPTOR_SET", file=sys.stderr)
        return 2
    try:
        theirs, ours = contract(_theirs()), contract(_ours(Path(arguments[0])))
    except Exception as error:  # noqa: BLE001  # a broken set, no file, no tritonclient: all are "not compared"
        print(f"cannot compare: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    lines = differences(theirs, ours, ALLOWED)
    for line in lines:
        print(line)
    if lines:
        return 1
    facts = sum(len(item) for item in theirs.values())
    print(f"{len(theirs)} items and {facts} facts equal those of tritonclient {version('tritonclient')}")
    for name, addition in ALLOWED.items():
        print(f"allowed: {name}: {addition.reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
