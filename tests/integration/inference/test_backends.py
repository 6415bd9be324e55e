"""Backends on real files, in the test's process."""

import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from onnx import TensorProto, helper
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from servery.errors import FailedPrecondition, Internal
from servery_inference.backends import Opener, in_process
from servery_inference.domain.array import elements, from_numpy, to_numpy
from servery_inference.domain.model import InferRequest, Source
from tests.integration.inference.world import doubling_model


def source(folder: Path, framework: str, engine: str = "LOCAL") -> Source:
    return Source(
        project="default", deployment="m", revision=1, model="m", model_version=1, version_id="v", framework=framework,
        engine=engine, folder=folder,
    )  # fmt: skip


class Loaded:
    """A backend in a `with` block, asked with arrays."""

    def __init__(self, folder: Path, framework: str) -> None:
        self.backend = in_process(source(folder, framework))

    async def __aenter__(self):
        try:
            self.signature = await self.backend.load()
        except BaseException:
            await self.backend.close()
            raise
        return self

    async def __aexit__(self, *error) -> None:
        await self.backend.close()

    async def ask(self, outputs=(), **arrays):
        inputs = tuple(from_numpy(name.replace("input_0", "input-0"), array) for name, array in arrays.items())
        return (await self.backend.infer(InferRequest(inputs=inputs, outputs=outputs))).outputs


X = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize(("labels", "datatype", "shape"), [
    ([0, 1, 1], "INT64", (-1,)),
    (["no", "yes", "yes"], "BYTES", (-1,)),
    ([[0, 1], [1, 0], [1, 1]], "INT64", (-1, 2)),
    ([False, True, True], "BOOL", (-1,)),
], ids=str)  # fmt: skip
async def test_a_classifier_gives_its_labels_as_they_are(tmp_path, labels, datatype, shape):
    classifier = RandomForestClassifier(3, random_state=0).fit(X, labels)
    joblib.dump(classifier, tmp_path / "anything.pkl")
    async with Loaded(tmp_path, "SKLEARN") as model:
        (output,) = model.signature.outputs
        assert (output.name, output.datatype, output.shape) == ("predict", datatype, shape)
        for dtype in (np.float64, np.float32, np.float16, np.int32, np.uint8):
            (answer,) = await model.ask(input_0=X.astype(dtype))
            expected = classifier.predict(X)
            if datatype == "BYTES":
                assert [each.decode() for each in elements(answer.data)] == expected.tolist()
            else:
                np.testing.assert_array_equal(to_numpy(answer), expected)


async def test_a_regressor_gives_fp64_and_refuses_nothing_it_can_do(tmp_path):
    regressor = LinearRegression().fit(X, [0.5, 1.5, 2.5])
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(regressor))
    (tmp_path / "other.pkl").write_bytes(b"not looked at")
    async with Loaded(tmp_path, "SKLEARN") as model:
        assert model.signature.inputs[0].shape == (-1, 2)
        (answer,) = await model.ask(input_0=X)
        assert (answer.datatype, answer.shape) == ("FP64", (3,))
        np.testing.assert_allclose(to_numpy(answer), regressor.predict(X))


async def test_what_the_estimator_raises_is_told_in_one_line(tmp_path):
    joblib.dump(LinearRegression().fit(X, [1, 2, 3]), tmp_path / "model.joblib")
    async with Loaded(tmp_path, "SKLEARN") as model:
        with pytest.raises(Internal) as raised:
            await model.ask(input_0=np.array([[np.nan, 1.0]]))
    assert raised.value.reason == "PREDICTOR_ERROR"
    assert str(raised.value) == "the model of 'm' failed: ValueError: Input X contains NaN."


@pytest.mark.parametrize(("files", "words"), [
    ({}, "the version has none"),
    ({"a.pkl": b"", "b.joblib": b""}, "holds several (a.pkl, b.joblib)"),
    ({"a.pkl": b"garbage"}, "a.pkl can't be loaded: "),
    ({"a.pkl": b"cno_such_module\nThing\n."}, "needs the Python module 'no_such_module'"),
    ({"a.pkl": pickle.dumps(StandardScaler())}, "holds a StandardScaler, which has no predict method"),
], ids=["none", "several", "garbage", "module", "predict"])  # fmt: skip
async def test_files_that_are_no_estimator_are_refused_with_what_to_do(tmp_path, files, words):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FailedPrecondition) as raised:
        async with Loaded(tmp_path, "SKLEARN"):
            pass
    assert words in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


async def test_an_estimator_that_knows_no_number_of_features_takes_any(tmp_path):
    dummy = DummyClassifier(strategy="constant", constant=7).fit(X, [7, 7, 8])
    if hasattr(dummy, "n_features_in_"):
        del dummy.n_features_in_
    joblib.dump(dummy, tmp_path / "model.joblib")
    async with Loaded(tmp_path, "SKLEARN") as model:
        assert model.signature.inputs[0].shape == (-1, -1)
        (answer,) = await model.ask(input_0=X)
        assert to_numpy(answer).tolist() == [7, 7, 7]


async def test_onnx_gives_only_the_outputs_asked_for_in_its_own_order(tmp_path):
    (tmp_path / "any.onnx").write_bytes(doubling_model())
    async with Loaded(tmp_path, "ONNX") as model:
        assert model.signature.platform == "onnxruntime_onnx"
        assert [(each.name, each.datatype, each.shape) for each in model.signature.inputs] == [("x", "FP32", (-1, 2))]
        both = await model.ask(("total", "y"), x=X.astype(np.float32))
        assert [tensor.name for tensor in both] == ["y", "total"]
        (total,) = await model.ask(("total",), x=X.astype(np.float32))
        assert to_numpy(total).tolist() == [1, 5, 9]
        (empty, _) = await model.ask(x=np.zeros((0, 2), np.float32))
        assert (empty.shape, bytes(empty.data)) == ((0, 2), b"")


async def test_onnx_texts_go_in_and_out(tmp_path):
    value = [helper.make_tensor_value_info(name, TensorProto.STRING, ["n"]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "texts", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    async with Loaded(tmp_path, "ONNX") as model:
        (answer,) = await model.ask(x=np.array(["ä", ""], dtype=object))
        assert elements(answer.data) == ["ä".encode(), b""]


def with_external_data(location: str) -> bytes:
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        weights.external_data.add(key=key, value=value)
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "external", value[:1], value[1:], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


@pytest.mark.parametrize(("files", "words"), [
    ({}, "the version has no *.onnx file"),
    ({"a.onnx": b"", "b.onnx": b""}, "holds several ONNX files (a.onnx, b.onnx); name the one to run model.onnx"),
    ({"a.onnx": b"garbage"}, "a.onnx can't be loaded by onnxruntime"),
    ({"a.onnx": with_external_data("../secret")}, "a.onnx can't be loaded by onnxruntime"),
], ids=["none", "several", "garbage", "escape"])  # fmt: skip
async def test_files_that_are_no_onnx_model_are_refused_with_what_to_do(tmp_path, files, words):
    folder = tmp_path / "version"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(4))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(FailedPrecondition) as raised:
        async with Loaded(folder, "ONNX"):
            pass
    assert words in str(raised.value)
    assert str(tmp_path) not in str(raised.value)


async def test_weights_beside_an_onnx_file_are_read(tmp_path):
    (tmp_path / "model.onnx").write_bytes(with_external_data("weights"))
    (tmp_path / "weights").write_bytes(np.array([5], np.float32).tobytes())
    async with Loaded(tmp_path, "ONNX") as model:
        (answer,) = await model.ask(x=np.array([1], np.float32))
        assert to_numpy(answer).tolist() == [6]


def test_what_nothing_here_can_run_is_refused_with_what_can(tmp_path):
    with pytest.raises(FailedPrecondition, match=r"framework TENSORFLOW .* this node runs ONNX, SKLEARN"):
        in_process(source(tmp_path, "TENSORFLOW"))
    with pytest.raises(FailedPrecondition, match="SERVERY_INFERENCE_TRITON_ADDRESS"):
        Opener(workers=None).open(source(tmp_path, "ONNX", "TRITON"), lambda state, reason: None)
