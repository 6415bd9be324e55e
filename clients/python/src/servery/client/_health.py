"""Is a service up? grpc.health.v1 asked without its package."""

from dataclasses import dataclass
from typing import Final

from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from servery.client._connection import Connection
from servery.errors import ServeryError

_CHECK: Final = "/grpc.health.v1.Health/Check"
_SERVING: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """Whether one service takes requests."""

    service: str
    """"registry", "serving" or "inference"."""

    address: str
    serving: bool
    reason: str
    """Why it does not; empty when it does."""


def check(connection: Connection, *, timeout_s: float) -> ServiceStatus:
    """Ask a service. What goes wrong is in the answer; nothing is raised."""
    # HealthCheckRequest is one string in field 1, HealthCheckResponse one enum in field 1: on the wire these two.
    method = connection.channel().unary_unary(
        _CHECK, request_serializer=StringValue.SerializeToString, response_deserializer=Int32Value.FromString
    )
    try:
        status = connection.call(method, StringValue(), timeout_s=timeout_s).value
    except ServeryError as error:
        return ServiceStatus(service=connection.service, address=connection.address, serving=False, reason=str(error))
    serving = status == _SERVING
    reason = "" if serving else "it says NOT_SERVING: it is starting, stopping, or waits for something; see its log"
    return ServiceStatus(service=connection.service, address=connection.address, serving=serving, reason=reason)
