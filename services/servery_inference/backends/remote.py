"""A model that another KServe v2 server answers for: the bytes of a request go on, unread."""

import logging
import re
import time
from typing import Any, Final

import grpc

import servery.inference as pb
from servery._channel import channel_options
from servery._grpc_errors import STATUS_METADATA_KEY, from_rpc
from servery.errors import DeadlineExceeded, ServeryError, Unavailable
from servery.inference.wire import renamed
from servery_inference.domain.model import EncodedResponse, InferRequest, Signature, Source
from servery_inference.domain.tensor import TensorSpec
from servery_kit import channel, telemetry

log = logging.getLogger(__name__)

LOAD_TIMEOUT_S: Final = 30.0
_SERVICE: Final = pb.POOL.FindServiceByName("inference.GRPCInferenceService")

# What gRPC itself says when the far side is not there; its own texts hold addresses and paths.
_NOT_THERE: Final = re.compile(
    "connect|socket|recvmsg|sendmsg|goaway|ping timeout|keepalive|dns|rst_stream", re.IGNORECASE
)


class Remote:
    """Forwards to a KServe v2 endpoint, which knows the model by the deployment's name unless another is given."""

    def __init__(self, source: Source, *, address: str, name: str = "", version: str = "") -> None:
        """`address` is host:port or unix:/path. `name` and `version` are those that the endpoint knows."""
        self._source = source
        self._name = name
        self._version = version
        self._channel = grpc.aio.insecure_channel(address, options=_options(address))
        self._call: Any = self._channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        self._metadata = (("servery-project", source.project),)

    async def load(self) -> Signature:
        stub: Any = pb.GRPCInferenceServiceStub(self._channel)
        request = pb.ModelMetadataRequest(name=self._name or self._source.deployment, version=self._version)
        try:
            answer = await stub.ModelMetadata(
                request, timeout=LOAD_TIMEOUT_S, metadata=self._metadata, wait_for_ready=True
            )
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error
        return signature_from_proto(answer)

    async def infer(self, request: InferRequest) -> EncodedResponse:
        encoded = renamed(request.encoded, self._name, self._version) if self._name else request.encoded
        try:
            return EncodedResponse(await self._call(encoded, timeout=_time_left(), metadata=self._request_metadata()))
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    async def close(self) -> None:
        await self._channel.close()

    def _request_metadata(self) -> tuple[tuple[str, str], ...]:
        current = telemetry.request_id.get()
        return (*self._metadata, ("x-request-id", current)) if current else self._metadata

    def _translated(self, error: grpc.aio.AioRpcError) -> ServeryError:
        rich = STATUS_METADATA_KEY in dict(error.trailing_metadata() or ())
        if error.code() is grpc.StatusCode.UNAVAILABLE and not rich and _NOT_THERE.search(error.details() or ""):
            log.debug("the endpoint of %s: %s", self._source.deployment, error.details())
            return Unavailable(
                f"the endpoint of '{self._source.deployment}' does not answer just now; try again",
                reason="ENDPOINT_UNAVAILABLE",
                retry_after_s=1.0,
            )
        return from_rpc(error)


def signature_from_proto(answer: pb.ModelMetadataResponse) -> Signature:
    """The signature in a server's metadata. Our own servers tell there too what their inputs accept."""

    def spec(tensor: pb.ModelMetadataResponse.TensorMetadata) -> TensorSpec:
        accepts = answer.properties.get(f"accepts/{tensor.name}", "")
        return TensorSpec(
            name=tensor.name,
            datatype=tensor.datatype,
            shape=tuple(tensor.shape),
            accepts=frozenset(accepts.split(",") if accepts else ()),
        )

    return Signature(
        platform=answer.platform,
        inputs=tuple(spec(tensor) for tensor in answer.inputs),
        outputs=tuple(spec(tensor) for tensor in answer.outputs),
    )


def _options(address: str) -> list[tuple[str, Any]]:
    # A message was let in by the limit of this server; the way on needs none.
    options = dict(channel_options([_SERVICE], message_bytes=-1))
    if address.startswith("unix:"):  # knocking costs nothing on the same machine, and a new worker is found at once
        options["grpc.max_reconnect_backoff_ms"] = 100
    return list(options.items())


def _time_left() -> float | None:
    end = channel.deadline.get()
    if end is None:
        return None
    left = end - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the deadline passed before the model was asked; give it more time")
    return left
