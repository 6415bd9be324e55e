"""`inference.GRPCInferenceService`: KServe v2, in Triton's superset, over the data plane.

The handlers are made from the service's descriptor: what `Servicer` does not have is answered UNIMPLEMENTED by name.
They get the bytes as they came, since ModelInfer hands them on to backends that forward them unread.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

import servery.inference as pb
from servery.errors import InvalidArgument, Unimplemented
from servery.inference.wire import renamed
from servery_inference.api import convert
from servery_inference.app.data_plane import DataPlane
from servery_inference.domain.model import EncodedResponse
from servery_kit.interceptors.guard import Context
from servery_kit.server import Service

DESCRIPTOR: Final[ServiceDescriptor] = pb.POOL.FindServiceByName("inference.GRPCInferenceService")
PROJECT_KEY: Final = "servery-project"
"""Metadata that says in which project the model is; "default" when there is none."""


class Servicer:
    """The rpcs that this server implements, by their names."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    async def ServerLive(self, request: pb.ServerLiveRequest, context: Context) -> pb.ServerLiveResponse:
        return pb.ServerLiveResponse(live=self._plane.live())

    async def ServerReady(self, request: pb.ServerReadyRequest, context: Context) -> pb.ServerReadyResponse:
        return pb.ServerReadyResponse(ready=self._plane.ready())

    async def ServerMetadata(self, request: pb.ServerMetadataRequest, context: Context) -> pb.ServerMetadataResponse:
        server = self._plane.server
        return pb.ServerMetadataResponse(name=server.name, version=server.version, extensions=server.extensions)

    async def ModelReady(self, request: pb.ModelReadyRequest, context: Context) -> pb.ModelReadyResponse:
        return pb.ModelReadyResponse(ready=self._plane.model_ready(_project(context), request.name, request.version))

    async def ModelMetadata(self, request: pb.ModelMetadataRequest, context: Context) -> pb.ModelMetadataResponse:
        versions, signature = self._plane.model_metadata(_project(context), request.name, request.version)
        return convert.metadata_to_proto(request.name, versions, signature)

    async def infer(self, encoded: bytes, context: Context) -> bytes:
        """ModelInfer, from bytes to bytes."""
        message = _parsed(pb.ModelInferRequest, encoded)
        request = convert.request_from_proto(message, encoded)
        version, answer = await self._plane.infer(_project(context), message.model_name, message.model_version, request)
        if isinstance(answer, EncodedResponse) and convert.as_it_came(message):
            return renamed(answer.message, message.model_name, version)
        return convert.response_to_proto(answer, message, version).SerializeToString()


def service(plane: DataPlane) -> Service:
    """The service, for `servery_kit.server.running`."""
    servicer = Servicer(plane)
    handlers = {method.name: _handler(method, servicer) for method in DESCRIPTOR.methods}
    generic = grpc.method_handlers_generic_handler(DESCRIPTOR.full_name, handlers)
    return Service(DESCRIPTOR, lambda server: server.add_generic_rpc_handlers((generic,)))


def _handler(method: MethodDescriptor, servicer: Servicer) -> "grpc.RpcMethodHandler[Any, Any]":
    if method.name == "ModelInfer":
        return grpc.unary_unary_rpc_method_handler(servicer.infer)
    behavior = getattr(servicer, method.name, None)
    if behavior is not None:
        return grpc.unary_unary_rpc_method_handler(_unary(GetMessageClass(method.input_type), behavior))
    if method.client_streaming:  # one that yields nothing, and so may be a coroutine
        return grpc.stream_stream_rpc_method_handler(_unimplemented(method.name))
    return grpc.unary_unary_rpc_method_handler(_unimplemented(method.name))


def _unary(
    cls: type[Message], behavior: Callable[[Any, Context], Awaitable[Message]]
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    async def handle(encoded: bytes, context: Context) -> bytes:
        return (await behavior(_parsed(cls, encoded), context)).SerializeToString()

    return handle


def _unimplemented(name: str) -> Callable[[Any, Context], Awaitable[NoReturn]]:
    async def handle(request: Any, context: Context) -> NoReturn:
        raise Unimplemented(f"{name} is not implemented by this server", metadata={"rpc": name})

    return handle


def _parsed(cls: Any, encoded: bytes) -> Any:
    try:
        return cls.FromString(encoded)
    except DecodeError as error:
        raise InvalidArgument(f"Unable to parse request: the message is no {cls.DESCRIPTOR.full_name}") from error


def _project(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == PROJECT_KEY:
            return str(value) or "default"
    return "default"
