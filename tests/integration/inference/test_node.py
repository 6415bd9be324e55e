"""A node in the test's process, between a registry and a serving service on real sockets."""

import grpc
import numpy as np
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from servery import inference
from servery._grpc_errors import from_rpc
from servery.errors import InvalidArgument, NotFound, Unavailable, Unimplemented
from servery_inference.api.oip import DESCRIPTOR
from servery_inference.main import node
from tests.integration.inference.world import doubling_model, request

READY, FAILED = 3, 4
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3.0, 4.2, 1.5]]


@pytest.fixture
async def stub(world, in_process, connect, iris):
    """A node that holds `doubling` in process and `iris` in a worker."""
    await world.nodes.assign(
        world.version("doubling", "ONNX", {"model.onnx": doubling_model()}),
        world.version("iris", "SKLEARN", {"model.joblib": iris[1]}, version=3),
    )
    await world.nodes.until(lambda seen: len(seen) == 2 and all(each.state == READY for each in seen.values()))
    return await connect(in_process)


async def refused(call) -> tuple[StatusCode, Exception]:
    with pytest.raises(AioRpcError) as raised:
        await call
    return raised.value.code(), from_rpc(raised.value)


async def test_an_onnx_model_answers_in_the_models_order_with_raw_contents(stub):
    answer = await stub.ModelInfer(request("doubling", "x", [[1, 2], [3, 4]], id="seven"))
    assert (answer.model_name, answer.model_version, answer.id) == ("doubling", "1", "seven")
    assert [(each.name, each.datatype, list(each.shape)) for each in answer.outputs] == [
        ("y", "FP32", [2, 2]),
        ("total", "FP32", [2]),
    ]
    assert np.frombuffer(answer.raw_output_contents[0], np.float32).tolist() == [2, 4, 6, 8]
    assert np.frombuffer(answer.raw_output_contents[1], np.float32).tolist() == [3, 7]
    assert not any(each.HasField("contents") for each in answer.outputs)


@pytest.mark.parametrize("datatype", ["FP64", "FP32"])
async def test_a_worker_predicts_what_the_estimator_does(stub, iris, datatype):
    answer = await stub.ModelInfer(request("iris", "input-0", ROWS, datatype, id="a"))
    assert (answer.model_name, answer.model_version, answer.id) == ("iris", "3", "a")
    assert (answer.outputs[0].name, answer.outputs[0].datatype) == ("predict", "INT64")
    assert np.frombuffer(answer.raw_output_contents[0], np.int64).tolist() == iris[0].predict(np.array(ROWS)).tolist()


@pytest.mark.parametrize(("model", "name", "rows", "field"), [
    ("iris", "input-0", ROWS, "fp64_contents"),
    ("doubling", "x", [[1.5, 2.0]], "fp32_contents"),
])  # fmt: skip
async def test_typed_and_raw_contents_are_equal_both_ways(stub, model, name, rows, field):
    datatype = field[:4].upper()
    raw = await stub.ModelInfer(request(model, name, rows, datatype))
    typed_request = request(model, name, rows, datatype)
    del typed_request.raw_input_contents[:]
    getattr(typed_request.inputs[0].contents, field).extend(np.array(rows).reshape(-1).tolist())
    assert await stub.ModelInfer(typed_request) == raw
    for each in (request(model, name, rows, datatype), typed_request):
        each.parameters["binary_data_output"].bool_param = False
        typed = await stub.ModelInfer(each)
        assert not typed.raw_output_contents
        assert [list(out.contents.ListFields()[0][1]) for out in typed.outputs] == [
            np.frombuffer(data, {"INT64": np.int64, "FP32": np.float32}[out.datatype]).tolist()
            for out, data in zip(raw.outputs, raw.raw_output_contents, strict=True)
        ]


async def test_metadata_says_what_goes_in_and_comes_out(stub):
    answer = await stub.ModelMetadata(inference.ModelMetadataRequest(name="iris"))
    assert (answer.name, list(answer.versions), answer.platform) == ("iris", ["3"], "sklearn")
    assert [(each.name, each.datatype, list(each.shape)) for each in answer.inputs] == [("input-0", "FP64", [-1, 4])]
    assert [(each.name, each.datatype, list(each.shape)) for each in answer.outputs] == [("predict", "INT64", [-1])]
    server = await stub.ServerMetadata(inference.ServerMetadataRequest())
    assert (server.name, server.version, list(server.extensions)) == ("servery", "0.1.0", ["parameters"])
    assert (await stub.ServerReady(inference.ServerReadyRequest())).ready
    assert (await stub.ServerLive(inference.ServerLiveRequest())).live


@pytest.mark.parametrize(("name", "version", "ready"), [
    ("iris", "", True), ("iris", "3", True), ("iris", "7", False), ("nope", "", False),
])  # fmt: skip
async def test_model_ready_is_an_answer_also_for_what_is_unknown(stub, name, version, ready):
    assert (await stub.ModelReady(inference.ModelReadyRequest(name=name, version=version))).ready is ready


@pytest.mark.parametrize(("name", "version", "message"), [
    ("nope", "", "Request for unknown model: 'nope' is not found"),
    ("", "", "Request for unknown model: '' is not found"),
    ("iris", "7", "Request for unknown model: 'iris' version 7 is not found"),
])  # fmt: skip
async def test_what_is_unknown_is_not_found_in_tritons_words(stub, name, version, message):
    for call in (
        stub.ModelInfer(request(name, "x", [[1, 2]], model_version=version)),
        stub.ModelMetadata(inference.ModelMetadataRequest(name=name, version=version)),
    ):
        code, error = await refused(call)
        assert code is StatusCode.NOT_FOUND
        assert isinstance(error, NotFound)
        assert (str(error), error.resource_type, error.resource_name) == (message, "model", name)


async def test_a_model_of_another_project_is_not_found(stub):
    code, _ = await refused(
        stub.ModelInfer(request("iris", "input-0", ROWS, "FP64"), metadata=(("servery-project", "other"),))
    )
    assert code is StatusCode.NOT_FOUND


async def test_a_wrong_request_names_the_input(stub):
    code, error = await refused(stub.ModelInfer(request("iris", "input-0", [[1, 2, 3]], "FP64", id="i1")))
    assert code is StatusCode.INVALID_ARGUMENT
    assert isinstance(error, InvalidArgument)
    assert error.field == "inputs[0].shape"
    assert str(error) == (
        "[request id: i1] unexpected shape for input 'input-0' for model 'iris'. Expected [-1,4], got [1,3]"
    )


async def test_bytes_that_are_no_message_are_refused(in_process, connect):
    async with grpc.aio.insecure_channel(in_process) as channel:
        for rpc in ("ModelInfer", "ModelReady"):
            code, _ = await refused(channel.unary_unary(f"/inference.GRPCInferenceService/{rpc}")(b"\xff\xff\xff"))
            assert code is StatusCode.INVALID_ARGUMENT


IMPLEMENTED = {"ServerLive", "ServerReady", "ServerMetadata", "ModelReady", "ModelMetadata", "ModelInfer"}


@pytest.mark.parametrize("method", [m for m in DESCRIPTOR.methods if m.name not in IMPLEMENTED], ids=lambda m: m.name)
async def test_every_other_rpc_is_unimplemented_by_name(in_process, connect, method):
    stub = await connect(in_process)
    call = getattr(stub, method.name)
    message = getattr(inference, method.input_type.name)()
    code, error = await refused(call(iter([message])).read() if method.client_streaming else call(message))
    assert code is StatusCode.UNIMPLEMENTED
    assert isinstance(error, Unimplemented)
    assert str(error) == f"{method.name} is not implemented by this server"
    assert error.metadata == {"rpc": method.name}


async def test_a_broken_model_fails_with_a_reason_and_the_others_answer(world, stub):
    broken = world.version("broken", "ONNX", {"model.onnx": b"not a model"})
    pickle = world.version("pickle", "SKLEARN", {"model.joblib": b"garbage"})
    await world.nodes.assign(*world.nodes.assignments, broken, pickle)
    await world.nodes.until(
        lambda seen: seen["broken"].state == FAILED and seen["pickle"].state == FAILED if "pickle" in seen else False
    )
    reasons = {each.deployment: each.reason for each in world.nodes.statuses}
    assert reasons["broken"].startswith("model.onnx can't be loaded by onnxruntime")
    assert reasons["pickle"].startswith("model.joblib can't be loaded: ")
    assert str(world.home) not in reasons["broken"] + reasons["pickle"]
    assert (await stub.ServerReady(inference.ServerReadyRequest())).ready
    await stub.ModelInfer(request("doubling", "x", [[1, 2]]))
    code, error = await refused(stub.ModelInfer(request("broken", "x", [[1, 2]])))
    assert (code, str(error)) == (
        StatusCode.NOT_FOUND,
        "Request for unknown model: 'broken' has no available versions",
    )


async def test_a_new_revision_takes_over_and_the_old_one_goes(world, stub):
    old = world.nodes.assignments
    new = world.version("doubling", "ONNX", {"model.onnx": doubling_model()}, version=2, revision=2)
    await world.nodes.assign(new, *old[1:])
    await world.nodes.until(lambda seen: seen["doubling"].revision == 2 and seen["doubling"].state == READY)
    assert (await stub.ModelInfer(request("doubling", "x", [[1, 2]]))).model_version == "2"
    await world.nodes.assign()
    await world.nodes.until(lambda seen: not seen)
    code, _ = await refused(stub.ModelInfer(request("doubling", "x", [[1, 2]])))
    assert code is StatusCode.NOT_FOUND


async def test_models_and_registry_go_on_while_serving_is_away(world, stub):
    watches = world.nodes.watches
    await world.stop_serving()
    await stub.ModelInfer(request("iris", "input-0", ROWS, "FP64"))
    await world.nodes.forget()
    await world.start_serving()
    reports = world.nodes.reports
    await world.nodes.until(lambda seen: world.nodes.reports > reports and world.nodes.watches > watches)
    await world.nodes.forget()  # a report is answered NOT_FOUND now, and the node dials anew
    watches = world.nodes.watches
    await world.nodes.until(lambda seen: world.nodes.watches > watches)


async def test_before_its_first_assignments_a_node_is_not_ready_and_says_try_again(world, connect):
    await world.stop_serving()
    async with node(world.config()) as running:
        stub = await connect(running.address)
        assert not (await stub.ServerReady(inference.ServerReadyRequest())).ready
        assert (await stub.ServerLive(inference.ServerLiveRequest())).live
        code, error = await refused(stub.ModelInfer(request("iris", "input-0", ROWS, "FP64")))
        assert code is StatusCode.UNAVAILABLE
        assert isinstance(error, Unavailable)
        assert error.retry_after_s
        await world.start_serving()
        await world.nodes.until(lambda seen: world.nodes.reports > 0)
        assert (await stub.ServerReady(inference.ServerReadyRequest())).ready
