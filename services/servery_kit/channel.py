"""Channels from one service to another: always a deadline, the request's id passed on, retries where they are safe."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from servery._channel import KEEPALIVE_S, channel_options
from servery_kit import telemetry

DEFAULT_TIMEOUT_S = 10.0

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""`time.monotonic()` at which the caller of the running request gives up; None when it waits for ever."""


def open_channel(
    address: str, *services: ServiceDescriptor, message_bytes: int | None = None, keepalive_s: float = KEEPALIVE_S
) -> grpc.aio.Channel:
    """A channel to `address`. Methods of `services` that say they are idempotent are retried while UNAVAILABLE."""
    options = channel_options(services, message_bytes=message_bytes, keepalive_s=keepalive_s)
    return grpc.aio.insecure_channel(address, options=options, interceptors=[_Outgoing()])


class _Outgoing(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        metadata = grpc.aio.Metadata(*(client_call_details.metadata or ()))
        if current := telemetry.request_id.get():
            metadata.add("x-request-id", current)
        details = grpc.aio.ClientCallDetails(
            method=client_call_details.method,
            timeout=_timeout(client_call_details.timeout),
            metadata=metadata,
            credentials=client_call_details.credentials,
            wait_for_ready=client_call_details.wait_for_ready,
        )
        return await continuation(details, request)


def _timeout(asked: float | None) -> float:
    limit = asked if asked is not None else DEFAULT_TIMEOUT_S
    end = deadline.get()
    return limit if end is None else max(0.0, min(limit, end - time.monotonic()))
