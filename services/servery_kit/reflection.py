"""What grpcurl and its like are told of a server: one pool with all that it speaks.

`inference.*` lives in a pool of its own, health and reflection in the default one, and the reflection servicer takes
one pool. So the files that are needed are gathered in a new one. The error details are among them, or grpcurl could
not show what is packed in a status.
"""

from collections.abc import Iterable

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2


def reflection_pool(files: Iterable[FileDescriptor]) -> DescriptorPool:
    """A pool of these files, all they import, and what every server speaks besides."""
    pool = DescriptorPool()
    added: set[str] = set()

    def add(file: FileDescriptor) -> None:
        if file.name in added:
            return
        added.add(file.name)
        for imported in file.dependencies:
            add(imported)
        proto = FileDescriptorProto()
        file.CopyToProto(proto)
        pool.Add(proto)

    for file in (*files, error_details_pb2.DESCRIPTOR, health_pb2.DESCRIPTOR, reflection_pb2.DESCRIPTOR):
        add(file)
    return pool
