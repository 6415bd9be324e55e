import sys

import numpy as np
import pytest

from servery.client import _inference
from servery.errors import DataLoss, InvalidArgument, NotFound, ResourceExhausted, Unavailable
from tests.fakes.inference_server import FakeModel
from tests.integration.sdk.conftest import iris

BOTH = FakeModel([("input", "FP32", [-1, 2])], [("label", "INT64", [-1]), ("double", "FP32", [-1, 2])], iris)


def test_rows_and_columns_are_answered_in_their_form(client, stack):
    assert client.predict("iris", {"instances": [[1, 2], [3.5, 4]]}) == {"predictions": [3, 7]}
    assert client.predict("iris", {"inputs": {"input": [[1, 2]]}}) == {"outputs": [3]}
    stack.inference.models["default", "both"] = BOTH
    assert client.predict("both", {"instances": [{"input": [1, 2]}]}) == {
        "predictions": [{"label": 3, "double": [2.0, 4.0]}]
    }
    assert client.predict("both", {"inputs": [[1, 2]]}, outputs=["double"]) == {"outputs": [[2.0, 4.0]]}


def test_arrays_are_answered_with_arrays(client, stack):
    stack.inference.models["default", "both"] = BOTH
    answer = client.predict("both", inputs={"input": np.array([[1.0, 2.0]])}, version=1)
    assert {name: (array.dtype, array.tolist()) for name, array in answer.items()} == {
        "label": (np.dtype("int64"), [3]),
        "double": (np.dtype("float32"), [[2.0, 4.0]]),
    }
    assert stack.inference.requests[-1].model_version == "1"


def test_without_numpy_arrays_are_nested_lists(client, stack, monkeypatch):
    monkeypatch.setattr(_inference._tensor, "numpy", lambda: None)
    assert client.predict("iris", inputs={"input": [[1, 2]]}) == {"label": [3]}


def test_metadata_is_asked_once_and_again_when_it_has_changed(client, stack):
    for _ in range(3):
        client.predict("iris", {"instances": [[1, 2]]})
    assert stack.inference.metadata_calls == 1
    stack.inference.models["default", "iris"] = FakeModel(
        [("rows", "FP64", [-1, 2])], [("label", "INT64", [-1])], lambda given: iris({"input": given["rows"]})
    )
    assert client.predict("iris", {"instances": [[1, 2]]}) == {"predictions": [3]}
    assert client.predict("iris", inputs={"rows": [[1, 2]]})["label"].tolist() == [3]
    assert stack.inference.metadata_calls == 2
    with pytest.raises(InvalidArgument, match="input 'rows' is missing"):
        client.predict("iris", inputs={"input": [[1, 2]]})


def test_a_wrong_input_is_refused_by_name(client):
    with pytest.raises(InvalidArgument, match="input 'input' is ragged") as caught:
        client.predict("iris", {"instances": [[1, 2], [3]]})
    assert caught.value.field == "input"
    with pytest.raises(InvalidArgument, match="one of the two"):
        client.predict("iris")
    with pytest.raises(InvalidArgument, match="one of the two"):
        client.predict("iris", {"instances": [1]}, inputs={"input": [1]})


def test_a_deployment_that_is_not_there_is_not_found(client, stack):
    with pytest.raises(NotFound) as caught:
        client.predict("nothing", {"instances": [[1, 2]]})
    assert caught.value.reason == "MODEL_NOT_FOUND"
    client.predict("iris", {"instances": [[1, 2]]})
    del stack.inference.models["default", "iris"]
    with pytest.raises(NotFound):
        client.predict("iris", {"instances": [[1, 2]]})


def test_the_project_goes_along(stack):
    stack.inference.models["mine", "iris"] = BOTH
    with stack.connect(project="mine") as client:
        assert set(client.predict("iris", {"inputs": [[1, 2]]})["outputs"]) == {"label", "double"}


def test_typed_answers_are_read_too(client, stack):
    stack.inference.models["default", "typed"] = FakeModel(
        [("x", "FP64", [-1])],
        [("y", "FP64", [-1]), ("n", "INT64", [-1])],
        lambda given: {"y": given["x"] * 2, "n": given["x"].astype(np.int64)},
        typed=True,
    )
    assert client.predict("typed", {"inputs": [1.5, 2]}) == {"outputs": {"y": [3.0, 4.0], "n": [1, 2]}}


def test_texts_go_both_ways(client, stack):
    stack.inference.models["default", "upper"] = FakeModel(
        [("text", "BYTES", [-1])],
        [("text", "BYTES", [-1])],
        lambda given: {"text": np.array([each.upper() for each in given["text"].tolist()], dtype=object)},
    )
    assert client.predict("upper", {"instances": ["ab", {"b64": "Yw=="}]}) == {"predictions": ["AB", "C"]}


def test_messages_of_many_megabytes_pass_and_too_large_ones_say_so(client, stack):
    rows = np.ones((1_000_000, 2), dtype=np.float32)
    assert client.predict("iris", inputs={"input": rows}, timeout_s=60)["label"].sum() == 2_000_000
    with pytest.raises(ResourceExhausted, match="send fewer rows at a time"):
        client.predict("iris", inputs={"input": np.ones((9_000_000, 2), dtype=np.float32)})


def test_an_answer_that_is_no_tensor_is_data_loss(client, stack):
    stack.inference.models["default", "short"] = FakeModel(
        [("x", "FP32", [-1])], [("y", "FP32", [-1])], lambda given: {"y": Liar()}
    )
    for question in ({"data": {"inputs": [1]}}, {"inputs": {"x": [1]}}):
        with pytest.raises(DataLoss, match="shape \\[3\\] has 4 bytes"):
            client.predict("short", **question)


class Liar(np.ndarray):
    """An array of one element that says it has three."""

    def __new__(cls):
        return np.ones(1, dtype=np.float32).view(cls)

    @property
    def shape(self):
        return (3,) if sys._getframe(1).f_code.co_name == "ModelInfer" else (1,)


def test_a_service_that_is_away_says_which_and_what_to_do(stack):
    stack.servers["inference"].stop()
    with stack.connect() as client, pytest.raises(Unavailable) as caught:
        client.predict("iris", {"instances": [[1, 2]]})
    assert f"the inference service does not answer at {stack.addresses['inference']}" in str(caught.value)
    assert "`servery up`" in str(caught.value)
    assert "SERVERY_INFERENCE" in str(caught.value)
    assert caught.value.reason == "SERVICE_UNREACHABLE"
