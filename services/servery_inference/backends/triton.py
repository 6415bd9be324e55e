"""A model in a running Triton: pushed there through its repository API, asked by passing requests on unread."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import grpc

from servery import inference as pb
from servery.errors import FailedPrecondition
from servery_inference.backends._triton.answers import SETTING, Answers, Fault
from servery_inference.backends._triton.layout import Layout, layout, model_name
from servery_inference.backends._triton.recovery import Recovery
from servery_inference.backends._triton.repository import KEEPALIVE_S, MESSAGE_BYTES, Repository
from servery_inference.backends._triton.requests import forwarded
from servery_inference.domain.model import EncodedResponse, InferRequest, Signature, Source
from servery_inference.domain.tensor import TensorSpec
from servery_kit.channel import open_channel

_INFER: Final = "/inference.GRPCInferenceService/ModelInfer"

INFER_TIMEOUT_S: Final = 600.0
"""For callers that set no deadline themselves."""


class Triton:
    """One revision's model in the Triton at `address`: host:port of its gRPC.

    Triton may lose the model: it is restarted, or the process of the model dies. Then callers get Unavailable, and the
    model is loaded again until that works.
    """

    def __init__(self, source: Source, *, address: str) -> None:
        self._source = source
        self._answers = Answers(model_name(source), source.deployment, address)
        self._opened = contextlib.AsyncExitStack()
        self._loads = 0
        self._recovery = Recovery(self._answers.name, self._load_again)
        # Set by load().
        self._layout: Layout
        self._repository: Repository
        self._send: Any  # a call with neither serialiser nor deserialiser: bytes in, bytes out
        self._datatypes: Mapping[str, str]

    async def load(self) -> Signature:
        """Push the model and ask Triton what it takes and gives.

        Raise FailedPrecondition when no Triton is named, or it does not serve such a model; Unavailable when it does
        not answer.
        """
        address = self._answers.address
        if not address:
            raise FailedPrecondition(
                f"engine TRITON needs a running Triton: set {SETTING} to host:port of its gRPC",
                subject=f"deployment {self._source.deployment}",
                reason="NO_TRITON",
            )
        self._layout = await asyncio.to_thread(layout, self._source)
        channel = open_channel(address, message_bytes=MESSAGE_BYTES, keepalive_s=KEEPALIVE_S)
        self._opened.push_async_callback(channel.close)
        self._send = channel.unary_unary(_INFER)
        self._repository = Repository(self._answers)
        self._opened.push_async_callback(self._repository.close)
        await self._push()
        signature = await self._signature(channel)
        self._datatypes = {spec.name: spec.datatype for spec in signature.inputs}
        return signature

    async def infer(self, request: InferRequest) -> EncodedResponse:
        """Pass the request on. Raise Unavailable while the model is not in Triton, and what Triton refuses."""
        if self._recovery.running:
            raise self._answers.reloading(self._recovery.setback)
        loads = self._loads
        try:
            message = await self._send(forwarded(request, self._answers.name, self._datatypes), timeout=INFER_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            code, text = error.code(), error.details() or ""
            fault = self._answers.fault(code, text)
            if fault is None:
                raise self._answers.failed_infer(code, text) from error
            if loads == self._loads:  # else this request ran into the model that was there before
                self._recovery.begin(fault, text)
            raise self._answers.lost(fault) from error
        return EncodedResponse(message)

    async def close(self) -> None:
        """Unload the model and let go of Triton."""
        await self._recovery.stop()
        await self._opened.aclose()

    async def _push(self) -> None:
        await self._repository.push(self._layout, version_id=self._source.version_id)
        self._loads += 1

    async def _load_again(self, fault: Fault) -> None:
        # A Triton that only was away for a while has the model still; one that was restarted has none.
        if fault is Fault.LOST or not await self._repository.holds():
            await self._push()

    async def _signature(self, channel: grpc.aio.Channel) -> Signature:
        stub = pb.GRPCInferenceServiceStub(channel)
        try:
            metadata = await stub.ModelMetadata(pb.ModelMetadataRequest(name=self._answers.name))
        except grpc.aio.AioRpcError as error:
            raise self._answers.failed_load(error.code(), error.details() or "") from error
        return Signature(
            platform=metadata.platform,
            inputs=tuple(
                TensorSpec(name=t.name, datatype=t.datatype, shape=tuple(t.shape), accepts=self._layout.accepts)
                for t in metadata.inputs
            ),
            outputs=tuple(TensorSpec(name=t.name, datatype=t.datatype, shape=tuple(t.shape)) for t in metadata.outputs),
        )
