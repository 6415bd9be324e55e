"""The descriptor pool in which package `inference` lives, apart from the default one (docs/adr/0002)."""

from importlib.resources import files
from typing import Any, Final

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper


def _load() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    content = files("servery.inference").joinpath("inference.binpb").read_bytes()
    for file in FileDescriptorSet.FromString(content).file:
        pool.Add(file)
    return pool


POOL: Final = _load()


def export(proto: str, namespace: dict[str, Any]) -> None:
    """Put what a proto file defines into the namespace of its module, as protoc's own output would."""
    file: FileDescriptor = POOL.FindFileByName(proto)
    namespace["DESCRIPTOR"] = file
    for name, message in file.message_types_by_name.items():
        namespace[name] = message_factory.GetMessageClass(message)
    for name, enum in file.enum_types_by_name.items():
        namespace[name] = EnumTypeWrapper(enum)
        namespace.update({value.name: value.number for value in enum.values})
