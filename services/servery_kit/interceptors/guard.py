"""From «do this around every call» to a gRPC interceptor, for all four kinds of calls."""

import inspect
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

# Generic for the type checker only: at run time grpc's classes take no parameters.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Continuation: TypeAlias = Callable[[grpc.HandlerCallDetails], Awaitable["Handler | None"]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as a guard sees it."""

    method: str
    """Full name, as in "/servery.registry.v1.ModelService/GetModel"."""

    context: Context


class Guard(grpc.aio.ServerInterceptor):
    """Acts around the call, never while it is set up: what it raises there is seen by the guards outside of it.

    For an answer that is a stream, `around` stands around the whole iteration, so a late failure is seen too.
    """

    @abstractmethod
    def around(self, call: Call) -> AbstractAsyncContextManager[None]:
        """What to do before and after the call."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        handler = await continuation(handler_call_details)
        if handler is None:  # no such method: gRPC itself answers UNIMPLEMENTED
            return handler
        return self._wrapped(handler, handler_call_details.method)

    def _wrapped(self, handler: Handler, method: str) -> Handler:
        codec = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(self._one(handler.unary_unary, method), **codec)
        if handler.stream_unary is not None:
            return grpc.stream_unary_rpc_method_handler(self._one(handler.stream_unary, method), **codec)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(self._many(handler.unary_stream, method), **codec)
        return grpc.stream_stream_rpc_method_handler(self._many(handler.stream_stream, method), **codec)

    def _one(self, behavior: Any, method: str) -> Any:
        async def guarded(request: Any, context: Context) -> Any:
            async with self.around(Call(method, context)):
                return await behavior(request, context)

        return guarded

    def _many(self, behavior: Any, method: str) -> Any:
        if not inspect.isasyncgenfunction(behavior):  # it writes through the context, as the health servicer does
            return self._one(behavior, method)

        async def guarded(request: Any, context: Context) -> AsyncIterator[Any]:
            async with self.around(Call(method, context)):
                async for response in behavior(request, context):
                    yield response

        return guarded
