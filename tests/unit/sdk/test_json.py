import pytest

from servery.client import _json
from servery.errors import FailedPrecondition, InvalidArgument


@pytest.mark.parametrize(
    ("data", "names", "expected"),
    [
        ({"instances": [[1, 2], [3, 4]]}, ["x"], {"x": [[1, 2], [3, 4]]}),
        ({"instances": [1, 2], "signature_name": "serving_default"}, ["x"], {"x": [1, 2]}),
        ({"instances": [{"a": 1, "b": [2]}, {"b": [3], "a": 4}]}, ["a", "b"], {"a": [1, 4], "b": [[2], [3]]}),
        ({"instances": [{"x": 1}, {"x": 2}]}, ["x"], {"x": [1, 2]}),
        ({"instances": [{"b64": "AA=="}]}, ["x"], {"x": [{"b64": "AA=="}]}),
        ({"inputs": [[1, 2]]}, ["x"], {"x": [[1, 2]]}),
        ({"inputs": {"b": [2], "a": [1]}}, ["a", "b"], {"a": [1], "b": [2]}),
        ({"inputs": {"b64": "AA=="}}, ["x"], {"x": {"b64": "AA=="}}),
    ],
)
def test_rows_and_columns_give_the_value_of_each_input(data, names, expected):
    assert _json.columns(data, names) == expected


@pytest.mark.parametrize(
    ("data", "field", "says"),
    [
        ([[1]], "data", 'data must be {"instances": [row, …]} or {"inputs": …}'),
        ({}, "data", "one of the two"),
        ({"instances": [1], "inputs": [1]}, "data", "one of the two"),
        ({"instances": [1], "extra": 1}, "data", "keys that mean nothing here: extra"),
        ({"instances": []}, "instances", "at least one row"),
        ({"instances": 5}, "instances", "at least one row"),
        ({"instances": [[1, 2]]}, "instances", "the model takes 2 inputs, 'a', 'b'"),
        ({"inputs": [[1, 2]]}, "inputs", "the model takes 2 inputs, 'a', 'b'"),
        ({"instances": [{"a": 1, "b": 1}, {"a": 1}]}, "b", "row 1: input 'b' is missing; the model takes 'a', 'b'"),
        ({"instances": [{"a": 1, "b": 1, "c": 1}]}, "c", "row 0: input 'c' is not one of the model's"),
        ({"instances": [{"a": 1, "b": 1}, [1, 1]]}, "instances", "row 1 is no object, row 0 is one"),
        ({"instances": [[1, 1], {"a": 1, "b": 1}]}, "instances", "row 1 is an object, row 0 is not"),
        ({"inputs": {"a": [1]}}, "b", "input 'b' is missing"),
        ({"inputs": {"a": [1], "b": [1], "z": [1]}}, "z", "input 'z' is not one of the model's"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(data, field, says):
    with pytest.raises(InvalidArgument) as caught:
        _json.columns(data, ["a", "b"])
    assert says in str(caught.value)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("form", "outputs", "expected"),
    [
        ("instances", {"y": [0, 2]}, {"predictions": [0, 2]}),
        ("instances", {"y": [[0.1, 0.9]]}, {"predictions": [[0.1, 0.9]]}),
        (
            "instances",
            {"label": [0, 1], "p": [[1.0], [2.0]]},
            {"predictions": [{"label": 0, "p": [1.0]}, {"label": 1, "p": [2.0]}]},
        ),
        ("instances", {"y": []}, {"predictions": []}),
        ("inputs", {"y": [0, 2]}, {"outputs": [0, 2]}),
        ("inputs", {"y": 0}, {"outputs": 0}),
        ("inputs", {"label": [0], "n": 3}, {"outputs": {"label": [0], "n": 3}}),
        ("instances", {"name": [b"setosa"]}, {"predictions": ["setosa"]}),
        ("instances", {"name": [b"\xff"]}, {"predictions": [{"b64": "/w=="}]}),
        ("instances", {"image_bytes": [b"ab"]}, {"predictions": [{"b64": "YWI="}]}),
    ],
)
def test_an_answer_has_the_form_of_the_question(form, outputs, expected):
    assert _json.answer(form, outputs) == expected


@pytest.mark.parametrize("outputs", [{"y": 3}, {"y": [1, 2], "z": [1]}, {"y": [1], "z": 1}])
def test_outputs_that_are_not_one_a_row_say_how_to_ask(outputs):
    with pytest.raises(FailedPrecondition, match=r'ask with \{"inputs": …\}'):
        _json.answer("instances", outputs)
