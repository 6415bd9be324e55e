"""A gRPC server, assembled: guards, limits, services, health, reflection, drain."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from servery_kit.config import CannotStart
from servery_kit.interceptors import Guard
from servery_kit.interceptors.wellformed import Wellformed
from servery_kit.reflection import reflection_pool

log = logging.getLogger(__name__)

CONTROL_MESSAGE_BYTES = 4 * 1024 * 1024


class CannotListen(CannotStart):
    """The address is taken, or not one of this machine."""


@dataclass(frozen=True, slots=True)
class Service:
    """One gRPC service: its descriptor, and what puts its servicer on a server."""

    descriptor: ServiceDescriptor
    add: Callable[[grpc.aio.Server], None]


@dataclass(slots=True)
class Running:
    """A server that answers."""

    address: str
    """Where it listens: host:port, with the port that was found where 0 was asked for, or unix:/path."""

    _health: health.aio.HealthServicer
    _names: tuple[str, ...]
    _server: grpc.aio.Server
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server begins to stop: streams without an end of their own end themselves then."""

    async def serve(self, *, serving: bool, reason: str) -> None:
        """Tell the health checks whether requests are welcome, and the log why."""
        status = health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in self._names:
            await self._health.set(name, status)
        log.info("%s: %s", "SERVING" if serving else "NOT_SERVING", reason)


@asynccontextmanager
async def running(
    bind: str,
    services: Sequence[Service],
    guards: Sequence[Guard],
    *,
    message_bytes: int = CONTROL_MESSAGE_BYTES,
    drain_s: float = 10.0,
) -> AsyncIterator[Running]:
    """Serve until the block is left; then say NOT_SERVING, let running calls finish for `drain_s`, and close.

    `bind` is host:port, or unix:/path. Raise CannotListen when it can't be had.
    """
    server = grpc.aio.server(interceptors=[*guards, Wellformed()], options=_options(message_bytes))
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    for service in services:
        service.add(server)
    names = tuple(service.descriptor.full_name for service in services)
    own = (*names, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(own, server, pool=reflection_pool([s.descriptor.file for s in services]))
    port = _listen(server, bind)
    await server.start()
    address = bind if bind.startswith("unix:") else f"{bind.rpartition(':')[0]}:{port}"
    state = Running(address, checks, ("", *names), server)
    await state.serve(serving=True, reason=f"listening on {address}")
    try:
        yield state
    finally:
        await state.serve(serving=False, reason=f"stopping; running calls have {drain_s:g} s to finish")
        await checks.enter_graceful_shutdown()
        state.draining.set()
        await server.stop(drain_s)


def _listen(server: grpc.aio.Server, bind: str) -> int:
    try:
        return server.add_insecure_port(bind)
    except RuntimeError as error:
        raise CannotListen(f"can't listen on {bind}: is another process there? ({error})") from error


def _options(message_bytes: int) -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", message_bytes),
        ("grpc.max_send_message_length", message_bytes),
        # Two processes that share a port in silence each get half of the calls.
        ("grpc.so_reuseport", 0),
        # Clients may ping as often as proxies and tritonclient do; the default answers GOAWAY too_many_pings.
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # A peer that connects and stays silent is dropped.
        ("grpc.server_handshake_timeout_ms", 5_000),
    ]
