"""Requests that are no message of their method, bytes that are no UTF-8 among them: INVALID_ARGUMENT.

gRPC itself answers UNKNOWN, with the name of a Python class, before any other interceptor sees the call.
"""

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from servery.errors import InvalidArgument
from servery_kit.interceptors.guard import Context, Continuation, Handler

_MALFORMED = object()


class Wellformed(grpc.aio.ServerInterceptor):
    """Stands innermost, so that what it raises is seen by all guards."""

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> "Handler | None":
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_deserializer is None:
            return handler
        codec = {
            "request_deserializer": _parsing(handler.request_deserializer),
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(_checked(handler.unary_unary, _one), **codec)
        if handler.stream_unary is not None:
            return grpc.stream_unary_rpc_method_handler(_checked(handler.stream_unary, _each), **codec)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(_checked(handler.unary_stream, _one), **codec)
        return grpc.stream_stream_rpc_method_handler(_checked(handler.stream_stream, _each), **codec)


def _parsing(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def parsed(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return _MALFORMED

    return parsed


def _checked(behavior: Any, check: Callable[[Any], Any]) -> Any:
    """The behaviour of a handler, asked with what `check` makes of its request."""
    if inspect.isasyncgenfunction(behavior):

        async def streamed(request: Any, context: Context) -> AsyncIterator[Any]:
            async for response in behavior(check(request), context):
                yield response

        return streamed

    async def answered(request: Any, context: Context) -> Any:
        return await behavior(check(request), context)

    return answered


def _one(request: Any) -> Any:
    if request is _MALFORMED:
        raise InvalidArgument(
            "the request is no message of this method, or holds text that is not UTF-8; generate the client anew from"
            " the protos",
            reason="MALFORMED_REQUEST",
        )
    return request


async def _each(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _one(request)
