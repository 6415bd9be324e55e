"""Asking at the front door of a node, over the inference protocol, as any client does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from servery import inference
from servery_kit.channel import open_channel
from servery_serving.domain.deployment import Key
from servery_serving.domain.node import Answer, Node

PROJECT_KEY = "servery-project"
_TIMEOUT_S = 2.0
_MOST_CHANNELS = 256


class InferenceProbe:
    """ModelReady on a channel that is kept for each address."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def ask(self, node: Node, key: Key, model_version: int) -> Answer:
        stub = inference.GRPCInferenceServiceStub(await self._channel(node.address))
        request = inference.ModelReadyRequest(name=key.deployment, version=str(model_version))
        try:
            response = await stub.ModelReady(request, timeout=_TIMEOUT_S, metadata=((PROJECT_KEY, key.project),))
        except grpc.aio.AioRpcError as error:
            where = f"node {node.id} at {node.address}"
            if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                return Answer(
                    ready=False,
                    reason=f"{where} does not answer there; is that its address as seen from the serving service "
                    "(SERVERY_INFERENCE_ADVERTISE_ADDRESS)?",
                )
            return Answer(ready=False, reason=f"{where} answers {error.code().name}: {error.details()}")
        if not response.ready:
            return Answer(ready=False, reason=f"node {node.id} at {node.address} says that it is not ready")
        return Answer(ready=True)

    async def close(self) -> None:
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            await channel.close()

    async def _channel(self, address: str) -> grpc.aio.Channel:
        channel = self._channels.pop(address, None) or open_channel(address)
        self._channels[address] = channel  # the one used last is last
        if len(self._channels) > _MOST_CHANNELS:
            oldest = next(iter(self._channels))
            await self._channels.pop(oldest).close()
        return channel


@asynccontextmanager
async def inference_probe() -> AsyncIterator[InferenceProbe]:
    """A probe whose channels are closed at the end."""
    probe = InferenceProbe()
    try:
        yield probe
    finally:
        await probe.close()
