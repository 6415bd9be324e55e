import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.client import _metadata as metadata
from servery.client import _value as value
from servery.client._schema import Column, ModelSchema, Provenance, Schema, TensorSchema
from servery.errors import InvalidArgument

numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=10,
)


@given(anything)
def test_a_tag_comes_back_as_it_was(data):
    assert value.from_proto(value.to_proto(data)) == data


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (object(), "value must be JSON: object is not JSON"),
        (float("nan"), "value must be JSON"),
        ({"a": [2**53 + 2]}, "not exact beyond 2\\^53"),
        ({1, 2}, "set is not JSON"),
    ],
)
def test_a_tag_that_would_not_come_back_is_refused(data, says):
    with pytest.raises(InvalidArgument, match=says) as caught:
        value.to_proto(data)
    assert caught.value.field == "value"


@pytest.mark.parametrize(
    ("example", "text"),
    [
        (None, ""),
        ([[5.1, 3.5]], "[[5.1, 3.5]]"),
        ({"instances": [1]}, '{"instances": [1]}'),
        (np.array([[1, 2]]), "[[1, 2]]"),
        ({"x": np.float32(0.5), "y": np.arange(2)}, '{"x": 0.5, "y": [0, 1]}'),
        (0, "0"),
    ],
)
def test_an_example_is_text(example, text):
    assert value.example_to_text(example) == text


@pytest.mark.parametrize("example", [[], {}, "", np.array([])])
def test_an_empty_example_is_refused(example):
    with pytest.raises(InvalidArgument, match="input_example is empty"):
        value.example_to_text(example)


SCHEMA = ModelSchema(
    input=Schema(tensors=(TensorSchema(name="x", type="float32", shape=(-1, 4), description="petals"),)),
    output=Schema(columns=(Column(type="int64"), Column(name="p", type="float64"))),
)


def test_a_schema_comes_back_as_it_was():
    assert metadata.model_schema_from_proto(metadata.model_schema_to_proto(SCHEMA)) == SCHEMA
    half = ModelSchema(output=SCHEMA.output)
    assert metadata.model_schema_from_proto(metadata.model_schema_to_proto(half)) == half


@pytest.mark.parametrize(
    "data",
    [
        {
            "input": {"tensors": [{"name": "x", "type": "float32", "shape": [-1, 4], "description": "petals"}]},
            "output": {"columns": [{"type": "int64"}, {"name": "p", "type": "float64"}]},
        },
        {
            "input_schema": {
                "tensor_schema": {"name": "x", "type": "float32", "shape": [-1, 4], "description": "petals"}
            },
            "output_schema": {"columnar_schema": [{"type": "int64"}, {"name": "p", "type": "float64"}]},
        },
    ],
)
def test_a_schema_is_read_in_our_words_and_in_hopsworks(data):
    assert metadata.model_schema(data) == SCHEMA


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "schema must be an object"),
        ({"in": {}}, "schema has no in; it has input, output"),
        ({"input": {}}, "schema.input must have columns or tensors, one of the two"),
        ({"input": {"columns": [{}]}}, r"schema.input.columns\[0\] has no type"),
        ({"input": {"columns": [{"type": 1}]}}, "must be text"),
        ({"input": {"columns": "ab"}}, "must be a list"),
        ({"input": {"tensors": [{"type": "f"}]}}, r"schema.input.tensors\[0\] has no shape"),
        ({"input": {"tensors": [{"type": "f", "shape": "x"}]}}, "whole numbers"),
    ],
)
def test_a_schema_that_is_wrong_says_where(data, says):
    with pytest.raises(InvalidArgument, match=says):
        metadata.model_schema(data)


def test_provenance_comes_back_as_it_was():
    given = Provenance(program="train.py", training_dataset_version=3, links={"run": "1"})
    assert metadata.provenance_from_proto(metadata.provenance_to_proto(given)) == given
    assert metadata.provenance({"program": "train.py", "training_dataset_version": 3, "links": {"run": "1"}}) == given
    with pytest.raises(InvalidArgument, match="provenance has no author"):
        metadata.provenance({"author": "me"})
    with pytest.raises(InvalidArgument, match="does not fit"):
        metadata.provenance_to_proto(Provenance(training_dataset_version=2**40))
