"""Asks a server whether it is well. As a program: `python -m servery_kit.healthcheck HOST:PORT`, for containers."""

import asyncio
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from servery_kit.channel import open_channel

TIMEOUT_S = 3.0


async def ask(channel: grpc.aio.Channel, timeout_s: float = TIMEOUT_S) -> str:
    """What `grpc.health.v1` says of the whole server: empty when it is SERVING, else why it is not."""
    check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # its stubs leave methods out
    try:
        response = await check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
    except grpc.RpcError as error:
        return f"{error.code().name}: {error.details()}"
    if response.status == health_pb2.HealthCheckResponse.SERVING:
        return ""
    return health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)


async def _ask_once(address: str) -> str:
    async with open_channel(address) as channel:
        return await ask(channel)


def main(arguments: list[str]) -> int:
    """Exit code 0 when the server at the address is SERVING, 1 when it is not, 2 for a wrong call."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m servery_kit.healthcheck HOST:PORT", file=sys.stderr)
        return 2
    problem = asyncio.run(_ask_once(arguments[0]))
    if problem:
        print(f"{arguments[0]} is not serving: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
