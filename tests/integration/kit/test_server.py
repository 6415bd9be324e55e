"""The server as `running` assembles it, over real sockets."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import servery.registry.v1 as pb
from servery import errors
from servery._grpc_errors import from_rpc
from servery.registry.v1 import file_service_pb2, model_service_pb2
from servery_kit.auth import Principal, principal
from servery_kit.channel import DEFAULT_TIMEOUT_S, open_channel
from servery_kit.interceptors import Auth, standard
from servery_kit.server import CannotListen, Running, Service, running

MODELS = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"]
FILES = file_service_pb2.DESCRIPTOR.services_by_name["FileService"]


class Models(pb.ModelServiceServicer):
    def __init__(self) -> None:
        self.failures = 0
        self.relay = ""
        self.release = asyncio.Event()
        self.entered = asyncio.Event()
        self.gave_up = asyncio.Event()

    async def GetModel(self, request, context):
        match request.name:
            case "missing":
                raise errors.NotFound("no model 'missing'", resource_type="model", resource_name="missing")
            case "bug":
                raise KeyError("a secret")
            case "long":
                raise errors.InvalidArgument("é" * 100_000, field="é" * 9_000, metadata={"name": "é" * 9_000})
            case "flaky" if self.failures < 2:
                self.failures += 1
                raise errors.Unavailable("in a moment")
            case "relayed":
                async with open_channel(self.relay, MODELS) as channel:
                    await get(channel, "slow")
            case "slow":
                self.entered.set()
                try:
                    await self.release.wait()
                finally:
                    self.gave_up.set()
        return pb.GetModelResponse(model=pb.Model(name=request.name, creator=principal.get().name))


class Files(pb.FileServiceServicer):
    async def DownloadFile(self, request, context):
        yield pb.DownloadFileResponse(data=b"begin")
        raise errors.DataLoss("the rest is gone")


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
async def server(models: Models) -> AsyncIterator[Running]:
    async def by_header(metadata) -> Principal:
        if metadata.get("user") == "mallory":
            raise errors.Unauthenticated("not you")
        return Principal(name=metadata.get("user", "anonymous"))

    services = [
        Service(MODELS, lambda server: pb.add_ModelServiceServicer_to_server(models, server)),
        Service(FILES, lambda server: pb.add_FileServiceServicer_to_server(Files(), server)),
    ]
    async with running("127.0.0.1:0", services, standard(Auth(by_header)), drain_s=5) as state:
        yield state


@pytest.fixture
async def channel(server: Running) -> AsyncIterator[grpc.aio.Channel]:
    async with open_channel(server.address, MODELS) as channel:
        yield channel


async def get(channel: grpc.aio.Channel, name: str, **kwargs) -> pb.Model:
    return (await pb.ModelServiceStub(channel).GetModel(pb.GetModelRequest(name=name), **kwargs)).model


async def test_an_error_arrives_with_its_details(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await get(channel, "missing")
    error = from_rpc(caught.value)
    assert isinstance(error, errors.NotFound)
    assert (error.resource_type, error.resource_name) == ("model", "missing")


async def test_a_bug_tells_the_caller_nothing_and_the_log_everything(
    channel: grpc.aio.Channel, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await get(channel, "bug")
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert caught.value.details() == "internal error"
    assert "a secret" not in str(caught.value)
    assert any(record.exc_info for record in caplog.records)


async def test_a_message_too_long_for_a_header_is_cut(channel: grpc.aio.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await get(channel, "long")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details().startswith("ééé")


async def test_an_error_late_in_a_stream_keeps_its_code(channel: grpc.aio.Channel) -> None:
    call = pb.FileServiceStub(channel).DownloadFile(pb.DownloadFileRequest())
    assert (await call.read()).data == b"begin"
    with pytest.raises(grpc.RpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.DATA_LOSS


@pytest.mark.parametrize(("given", "kept"), [("abc-1", True), ("two\x01lines", False), ("x" * 500, False)])
async def test_the_request_id_comes_back(channel: grpc.aio.Channel, given: str, kept: bool) -> None:
    metadata = (("x-request-id", given),) if given.isprintable() else ()
    call = pb.ModelServiceStub(channel).GetModel(pb.GetModelRequest(name="iris"), metadata=metadata)
    await call
    back = dict(await call.trailing_metadata())["x-request-id"]
    assert (back == given) is kept
    assert back


async def test_the_caller_is_known_to_the_handler_and_a_refusal_is_mapped(channel: grpc.aio.Channel) -> None:
    assert (await get(channel, "iris", metadata=(("user", "ada"),))).creator == "ada"
    assert (await get(channel, "iris")).creator == "anonymous"
    with pytest.raises(grpc.RpcError) as caught:
        await get(channel, "iris", metadata=(("user", "mallory"),))
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_read_is_retried_while_unavailable(channel: grpc.aio.Channel, models: Models) -> None:
    assert (await get(channel, "flaky")).name == "flaky"
    assert models.failures == 2


async def test_health_answers_for_the_whole_and_for_each_service(server: Running, channel: grpc.aio.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ("", MODELS.full_name, FILES.full_name):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    await server.serve(serving=False, reason="a test says so")
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=""))
    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
    with pytest.raises(grpc.RpcError) as caught:
        await stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_reflection_knows_the_services_and_the_error_details(channel: grpc.aio.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="google.rpc.ErrorInfo"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=MODELS.full_name),
    ]
    answers = [answer async for answer in stub.ServerReflectionInfo(iter(requests))]
    listed = {service.name for service in answers[0].list_services_response.service}
    assert listed >= {MODELS.full_name, FILES.full_name, "grpc.health.v1.Health"}
    names = [
        {FileDescriptorProto.FromString(file).name for file in answer.file_descriptor_response.file_descriptor_proto}
        for answer in answers[1:]
    ]
    assert "google/rpc/error_details.proto" in names[0]
    assert names[1] >= {"servery/registry/v1/model_service.proto", "servery/registry/v1/model.proto"}


async def test_a_running_call_finishes_while_the_server_stops(models: Models) -> None:
    services = [Service(MODELS, lambda server: pb.add_ModelServiceServicer_to_server(models, server))]
    server = running("127.0.0.1:0", services, standard(), drain_s=30)
    state = await server.__aenter__()
    async with open_channel(state.address) as channel:
        call = asyncio.ensure_future(get(channel, "slow"))
        await models.entered.wait()
        leaving = asyncio.ensure_future(server.__aexit__(None, None, None))
        await state.draining.wait()
        models.release.set()
        assert (await call).name == "slow"
        await leaving


async def test_a_call_made_for_a_caller_keeps_to_the_caller_s_deadline(
    server: Running, channel: grpc.aio.Channel, models: Models
) -> None:
    models.relay = server.address
    begin = asyncio.get_running_loop().time()
    with pytest.raises(grpc.RpcError) as caught:
        await get(channel, "relayed", timeout=0.5)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    # Without it the inner call would wait for its own default.
    await asyncio.wait_for(models.gave_up.wait(), 5)
    assert asyncio.get_running_loop().time() - begin < DEFAULT_TIMEOUT_S / 2


async def test_a_taken_port_is_an_error_and_not_shared(server: Running) -> None:
    with pytest.raises(CannotListen, match="can't listen on"):
        async with running(server.address, [], standard()):
            pass


async def test_json_log_lines_carry_the_request_id(channel: grpc.aio.Channel, capsys: pytest.CaptureFixture) -> None:
    from servery_kit import telemetry

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        telemetry.configure("registry", "DEBUG", "json")
        await get(channel, "iris", metadata=(("x-request-id", "r-1"),))
    finally:
        root.handlers[:], root.level = handlers, level
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if "GetModel" in line]
    assert lines[-1]["request_id"] == "r-1"
    assert lines[-1]["service"] == "registry"
    assert lines[-1]["message"].startswith("/servery.registry.v1.ModelService/GetModel OK")
