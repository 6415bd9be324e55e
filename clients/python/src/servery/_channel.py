"""Options of a gRPC channel: message size, keepalive, quick reconnects, retries where a method says they are safe."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

MAX_ATTEMPTS: Final = 4
KEEPALIVE_S: Final = 30.0


def channel_options(
    services: Iterable[ServiceDescriptor] = (), *, message_bytes: int | None = None, keepalive_s: float = KEEPALIVE_S
) -> Sequence[tuple[str, Any]]:
    """Options for a channel on which the methods of `services` are called.

    `keepalive_s` is the time between pings while a call runs. Servers that are not ours may close the connection when
    it is less than gRPC's default of 300 s.
    """
    options: list[tuple[str, Any]] = [
        # A service that was restarted is found again within a second, not within gRPC's two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.keepalive_time_ms", int(keepalive_s * 1000)),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.service_config", json.dumps(_service_config(services))),
    ]
    if message_bytes is not None:
        options += [("grpc.max_receive_message_length", message_bytes)]
        options += [("grpc.max_send_message_length", message_bytes)]
    return options


def _service_config(services: Iterable[ServiceDescriptor]) -> dict[str, Any]:
    repeatable = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    ]
    if not repeatable:
        return {}
    policy = {
        "maxAttempts": MAX_ATTEMPTS,
        "initialBackoff": "0.2s",
        "maxBackoff": "2s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return {"methodConfig": [{"name": repeatable, "retryPolicy": policy}]}
