"""Forwarding to another KServe v2 server: what arrives there, and what comes back when it goes wrong."""

import asyncio
import time
from contextlib import asynccontextmanager

import grpc
import pytest

import servery.inference as pb
from servery._grpc_errors import STATUS_METADATA_KEY, to_status
from servery.errors import DeadlineExceeded, FailedPrecondition, Internal, NotFound, Unavailable
from servery_inference.backends.remote import Remote
from servery_inference.domain.model import InferRequest
from servery_kit import channel, telemetry
from tests.integration.inference.test_backends import source


class Endpoint(pb.GRPCInferenceServiceServicer):
    """Knows one model; answers with `failure`, or holds requests while `gate` is clear."""

    def __init__(self) -> None:
        self.failure: tuple[grpc.StatusCode, str, tuple] | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.requests: list[pb.ModelInferRequest] = []
        self.metadata: dict[str, str] = {}
        self.left: float | None = None

    async def ModelMetadata(self, request, context):
        return pb.ModelMetadataResponse(name=request.name, platform="elsewhere")

    async def ModelInfer(self, request, context):
        self.requests.append(request)
        self.metadata = dict(context.invocation_metadata())
        self.left = context.time_remaining()
        self.arrived.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if self.failure is not None:
            await context.abort(*self.failure)
        return pb.ModelInferResponse(model_name=request.model_name, id=request.id)


@asynccontextmanager
async def endpoint(bind: str):
    server, servicer = grpc.aio.server(), Endpoint()
    pb.add_GRPCInferenceServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port(bind)
    await server.start()
    try:
        yield servicer, bind if bind.startswith("unix:") else f"127.0.0.1:{port}", server
    finally:
        await server.stop(None)


@pytest.fixture
async def far(tmp_path):
    """An endpoint, and a backend loaded from it."""
    async with endpoint("127.0.0.1:0") as (servicer, address, server):
        remote = Remote(source(tmp_path, "ONNX"), address=address)
        await remote.load()
        yield servicer, remote, server
        await remote.close()


def infer_request() -> InferRequest:
    encoded = pb.ModelInferRequest(model_name="m", model_version="1", id="7").SerializeToString()
    return InferRequest(id="7", inputs=(), encoded=encoded)


async def test_the_bytes_go_on_with_project_and_request_id(far):
    servicer, remote, _ = far
    telemetry.request_id.set("r-1")
    answer = await remote.infer(infer_request())
    assert pb.ModelInferResponse.FromString(answer.message).id == "7"
    assert servicer.requests[0] == pb.ModelInferRequest(model_name="m", model_version="1", id="7")
    assert servicer.metadata["servery-project"] == "default"
    assert servicer.metadata["x-request-id"] == "r-1"
    assert servicer.left is None


async def test_over_a_unix_socket_under_another_name(tmp_path):
    async with endpoint(f"unix:{tmp_path}/s") as (servicer, address, _):
        remote = Remote(source(tmp_path, "ONNX"), address=address, name="theirs", version="5")
        assert (await remote.load()).platform == "elsewhere"
        await remote.infer(infer_request())
        await remote.close()
    assert servicer.requests[0] == pb.ModelInferRequest(model_name="theirs", model_version="5", id="7")


async def test_the_deadline_goes_on(far):
    servicer, remote, _ = far
    servicer.gate.clear()
    channel.deadline.set(time.monotonic() + 0.2)
    with pytest.raises(DeadlineExceeded):
        await remote.infer(infer_request())
    assert servicer.left is not None
    assert servicer.left < 0.25
    channel.deadline.set(time.monotonic() - 1)
    with pytest.raises(DeadlineExceeded, match="before the model was asked"):
        await remote.infer(infer_request())


async def test_a_caller_who_gives_up_is_noticed_over_there(far):
    servicer, remote, _ = far
    servicer.gate.clear()
    call = asyncio.create_task(remote.infer(infer_request()))
    await servicer.arrived.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    async with asyncio.timeout(5):
        await servicer.cancelled.wait()


@pytest.mark.parametrize(("code", "text", "kind"), [
    (grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'm' is not found", NotFound),
    (grpc.StatusCode.INTERNAL, "Failed to process the request(s)", Internal),
    (grpc.StatusCode.UNKNOWN, "something", Internal),
    (grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size", Unavailable),
])  # fmt: skip
async def test_errors_of_the_far_side_keep_code_and_words(far, code, text, kind):
    servicer, remote, _ = far
    servicer.failure = (code, text, ())
    with pytest.raises(kind) as raised:
        await remote.infer(infer_request())
    assert str(raised.value) == text


async def test_rich_errors_keep_their_details(far):
    servicer, remote, _ = far
    error = FailedPrecondition("not now", reason="SOME_REASON", subject="model m")
    packed = (STATUS_METADATA_KEY, to_status(error).SerializeToString())
    servicer.failure = (grpc.StatusCode.FAILED_PRECONDITION, "not now", (packed,))
    with pytest.raises(FailedPrecondition) as raised:
        await remote.infer(infer_request())
    assert (raised.value.reason, raised.value.subject) == ("SOME_REASON", "model m")


async def test_an_endpoint_that_is_gone_is_unavailable_without_its_address(far):
    servicer, remote, server = far
    servicer.gate.clear()
    call = asyncio.create_task(remote.infer(infer_request()))
    await servicer.arrived.wait()
    await server.stop(None)
    for each in (call, remote.infer(infer_request())):
        with pytest.raises(Unavailable) as raised:
            await each
        assert "127.0.0.1" not in str(raised.value)
    assert str(raised.value) == "the endpoint of 'm' does not answer just now; try again"
    assert raised.value.retry_after_s
