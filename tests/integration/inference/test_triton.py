"""The Triton backend on a real Triton."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import joblib
import numpy as np
import pytest
import pytest_asyncio
from sklearn.linear_model import LinearRegression, LogisticRegression

from servery import inference as pb
from servery.errors import FailedPrecondition, InvalidArgument, ServeryError, Unavailable
from servery_inference.backends._triton.layout import model_name
from servery_inference.backends.triton import Triton
from servery_inference.domain.model import InferRequest, Source
from servery_inference.domain.tensor import Tensor, TensorSpec
from tests import models
from tests.parts import require
from tests.parts.triton import TritonServer, triton_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

DTYPES = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8"}
RECOVERY_S = 30.0

# Answers what it is asked, and fails of negative numbers.
ECHO = """
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            if x.size and x.flat[0] < 0:
                raise RuntimeError("negative")
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("y", x)]))
        return answers
"""
ECHO_CONFIG = """
name: "whatever"
backend: "python"
input { name: "x" data_type: TYPE_FP32 dims: [-1, -1] }
output { name: "y" data_type: TYPE_FP32 dims: [-1, -1] }
instance_group { kind: KIND_CPU }
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def triton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TritonServer]:
    async with triton_server(require("triton"), tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> models.Trained:
    return models.iris(tmp_path_factory.mktemp("iris"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(triton: TritonServer, iris: models.Trained) -> AsyncIterator[Triton]:
    """Iris, loaded once for the tests that only ask."""
    async with opened(source(iris.folder, "iris"), triton) as backend:
        yield backend


def source(folder: Path, deployment: str, **other: object) -> Source:
    given = Source(
        project="default",
        deployment=deployment,
        revision=1,
        model="m",
        model_version=3,
        version_id="v-1",
        framework="SKLEARN",
        engine="TRITON",
        folder=folder,
    )
    return replace(given, **other)


@asynccontextmanager
async def opened(given: Source, triton: TritonServer) -> AsyncIterator[Triton]:
    backend = Triton(given, address=triton.address)
    try:
        await backend.load()
        yield backend
    finally:
        await backend.close()


def request(rows: np.ndarray, datatype: str = "FP64", name: str = "input-0") -> InferRequest:
    rows = rows.astype(DTYPES[datatype])
    message = pb.ModelInferRequest(model_name="iris", model_version="3", id="q-1")
    message.inputs.add(name=name, datatype=datatype, shape=rows.shape)
    message.raw_input_contents.append(rows.tobytes())
    tensor = Tensor(name, datatype, rows.shape, memoryview(rows.tobytes()))
    return InferRequest(id="q-1", inputs=(tensor,), encoded=message.SerializeToString())


async def answer(backend: Triton, given: InferRequest, dtype: str = "<i8") -> list:
    message = pb.ModelInferResponse.FromString((await backend.infer(given)).message)
    assert message.id == given.id
    (raw,) = message.raw_output_contents
    return np.frombuffer(raw, dtype).reshape(tuple(message.outputs[0].shape)).tolist()


async def eventually(attempt: Callable[[], Awaitable[list]]) -> tuple[list, list[ServeryError]]:
    """Try until it answers; give the answer, and what was said instead until then."""
    end, said = time.monotonic() + RECOVERY_S, []
    while True:
        try:
            return await attempt(), said
        except ServeryError as error:
            said.append(error)
            assert time.monotonic() < end, said[-1]
        await asyncio.sleep(0.05)


async def test_a_sklearn_model_is_loaded_and_says_what_it_takes(triton, iris):
    backend = Triton(source(iris.folder, "signature"), address=triton.address)
    try:
        signature = await backend.load()
    finally:
        await backend.close()
    assert signature.platform == "python"
    (taken,) = signature.inputs
    assert (taken.name, taken.datatype, taken.shape) == ("input-0", "FP64", (-1, 4))
    assert {"FP32", "INT64"} <= taken.accepts
    assert signature.outputs == (TensorSpec(name="predict", datatype="INT64", shape=(-1,)),)


@pytest.mark.parametrize("datatype", sorted(DTYPES))
async def test_rows_of_each_datatype_are_predicted_as_without_a_server(served, iris, datatype):
    rows = iris.rows.round() if datatype == "INT64" else iris.rows
    local = joblib.load(iris.folder / "model.joblib").predict(rows)
    assert await answer(served, request(rows, datatype)) == local.tolist()
    assert await answer(served, request(rows[:1], datatype)) == local[:1].tolist()


@pytest.mark.parametrize("datatype", ["FP64", "FP32"])
async def test_typed_contents_are_answered_as_raw_ones(served, iris, datatype):
    rows = iris.rows[:3].astype(DTYPES[datatype])
    message = pb.ModelInferRequest(model_name="iris", id="t")
    tensor = message.inputs.add(name="input-0", datatype=datatype, shape=rows.shape)
    getattr(tensor.contents, "fp64_contents" if datatype == "FP64" else "fp32_contents").extend(rows.ravel().tolist())
    given = InferRequest(
        id="t",
        inputs=(Tensor("input-0", datatype, rows.shape, rows.tobytes()),),
        encoded=message.SerializeToString(),
    )
    assert await answer(served, given) == iris.answers[:3].tolist()


async def test_what_scikit_learn_does_not_take_is_an_invalid_argument(served):
    with pytest.raises(InvalidArgument, match="contains NaN"):
        await served.infer(request(np.full((1, 4), np.nan)))


ROWS = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 1.0], [5.0, 0.0]])


@pytest.mark.parametrize(
    ("model", "predicted"),
    [
        (LinearRegression().fit(ROWS, ROWS + 0.5), TensorSpec(name="predict", datatype="FP64", shape=(-1, 2))),
        (LogisticRegression().fit(ROWS, ROWS[:, 0] > 3), TensorSpec(name="predict", datatype="INT64", shape=(-1,))),
    ],
    ids=["two regressions", "truth"],
)
async def test_models_of_other_kinds_answer_in_their_datatypes(triton, tmp_path, model, predicted):
    joblib.dump(model, tmp_path / "model.joblib")
    backend = Triton(source(tmp_path, "kinds"), address=triton.address)
    try:
        assert (await backend.load()).outputs == (predicted,)
        assert await answer(backend, request(ROWS), DTYPES[predicted.datatype]) == pytest.approx(
            model.predict(ROWS).astype(float)
        )
    finally:
        await backend.close()


async def test_labels_that_are_words_come_as_bytes(triton, tmp_path):
    joblib.dump(LogisticRegression().fit(ROWS, ["low", "löw", "high", "high"]), tmp_path / "model.joblib")
    async with opened(source(tmp_path, "words"), triton) as backend:
        response = pb.ModelInferResponse.FromString((await backend.infer(request(ROWS[2:]))).message)
        assert response.outputs[0].datatype == "BYTES"
        assert response.raw_output_contents[0] == b"\x04\0\0\0high" * 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LogisticRegression(), "n_features_in_"),
        ({"no": "model"}, "n_features_in_"),
    ],
)
async def test_a_model_that_triton_cannot_load_says_why_and_by_the_deployment_s_name(triton, tmp_path, content, says):
    joblib.dump(content, tmp_path / "model.joblib")
    backend = Triton(source(tmp_path, "broken"), address=triton.address)
    try:
        with pytest.raises(FailedPrecondition, match=says) as refused:
            await backend.load()
    finally:
        await backend.close()
    assert "'broken'" in str(refused.value)
    assert "servery.default" not in str(refused.value)


def echo(folder: Path) -> Path:
    (folder / "1").mkdir()
    (folder / "1" / "model.py").write_text(ECHO)
    (folder / "config.pbtxt").write_text(ECHO_CONFIG)
    return folder


async def test_a_triton_model_is_served_as_it_is(triton, tmp_path):
    backend = Triton(source(echo(tmp_path), "echo", framework="OTHER"), address=triton.address)
    try:
        signature = await backend.load()
        assert signature.inputs == (TensorSpec(name="x", datatype="FP32", shape=(-1, -1)),)
        rows = np.arange(6.0).reshape(2, 3)
        assert await answer(backend, request(rows, "FP32", "x"), "<f4") == rows.tolist()
        with pytest.raises(ServeryError, match="negative") as refused:
            await backend.infer(request(-1 - rows, "FP32", "x"))
        assert "'echo'" in str(refused.value)
        assert "servery.default" not in str(refused.value)
    finally:
        await backend.close()


async def test_other_files_under_the_same_name_replace_the_model(triton, tmp_path):
    for folder, label in (("old", 1), ("new", 2)):
        (tmp_path / folder).mkdir()
        model = LogisticRegression().fit(ROWS, [label, label, label, 9])
        joblib.dump(model, tmp_path / folder / "model.joblib")
    async with opened(source(tmp_path / "old", "again"), triton) as old:
        assert await answer(old, request(ROWS[:1])) == [1]
        async with opened(source(tmp_path / "new", "again", version_id="v-2"), triton) as new:
            assert await answer(new, request(ROWS[:1])) == [2]
            assert await answer(old, request(ROWS[:1])) == [2]  # it is the one model of that name


async def test_closing_unloads_the_model(triton, iris):
    given = source(iris.folder, "closed")
    wanted = pb.ModelReadyRequest(name=model_name(given))
    async with grpc.aio.insecure_channel(triton.address) as channel:
        stub = pb.GRPCInferenceServiceStub(channel)
        async with opened(given, triton):
            assert (await stub.ModelReady(wanted)).ready
        end = time.monotonic() + RECOVERY_S  # Triton answers an unload before it is done
        while (await stub.ModelReady(wanted)).ready:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


async def test_a_model_whose_process_died_is_loaded_again(triton, tmp_path):
    given = source(echo(tmp_path), "dies", framework="OTHER")
    rows = np.ones((1, 2))
    async with opened(given, triton) as backend, grpc.aio.insecure_channel(triton.address) as channel:
        stub = pb.GRPCInferenceServiceStub(channel)
        deadly = pb.ModelInferRequest(model_name=model_name(given), raw_input_contents=[b""])
        deadly.inputs.add(name="x", datatype="FP32", shape=[2**32, 2**32])
        with pytest.raises(grpc.aio.AioRpcError, match="is not healthy"):
            await stub.ModelInfer(deadly)
        assert (await stub.ModelReady(pb.ModelReadyRequest(name=model_name(given)))).ready, "Triton learnt to tell"

        values, said = await eventually(lambda: answer(backend, request(rows, "FP32", "x"), "<f4"))
        assert values == rows.tolist()
        assert said
        for error in said:
            assert isinstance(error, Unavailable)
            assert error.retry_after_s
            assert "deployment 'dies'" in str(error)


async def test_a_model_that_somebody_unloaded_is_loaded_again(triton, tmp_path):
    given = source(echo(tmp_path), "taken", framework="OTHER")
    rows = np.ones((1, 2))
    async with opened(given, triton) as backend, grpc.aio.insecure_channel(triton.address) as channel:
        stub = pb.GRPCInferenceServiceStub(channel)
        await stub.RepositoryModelUnload(pb.RepositoryModelUnloadRequest(model_name=model_name(given)))
        end = time.monotonic() + RECOVERY_S
        while (await stub.ModelReady(pb.ModelReadyRequest(name=model_name(given)))).ready:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)
        values, said = await eventually(lambda: answer(backend, request(rows, "FP32", "x"), "<f4"))
        assert values == rows.tolist()
        assert {type(error) for error in said} == {Unavailable}


async def test_a_triton_that_is_killed_and_started_again_gets_the_model_again(triton, iris):
    async with opened(source(iris.folder, "killed"), triton) as backend:
        ask = request(iris.rows[:5])
        await triton.kill()
        with pytest.raises(Unavailable, match="does not answer") as away:
            await backend.infer(ask)
        assert "SERVERY_INFERENCE_TRITON_ADDRESS" in str(away.value)
        await triton.start()
        values, said = await eventually(lambda: answer(backend, ask))
        assert values == iris.answers[:5].tolist()
        assert {type(error) for error in said} <= {Unavailable}
