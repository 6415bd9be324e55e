import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tritonclient.utils import serialize_byte_tensor

from servery.client import _ndarray, _tensor
from servery.errors import InvalidArgument

NUMPY = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


@st.composite
def tensors(draw):
    datatype = draw(st.sampled_from(sorted(NUMPY)))
    return datatype, draw(
        hnp.arrays(NUMPY[datatype], draw(SHAPES), elements={"allow_nan": False} if "FP" in datatype else None)
    )


@given(tensors())
def test_lists_are_packed_as_numpy_packs_them(tensor):
    datatype, array = tensor
    shape, raw = _tensor.encode("x", datatype, array.tolist())
    assert (shape, raw) == (list(array.shape), array.tobytes())


@given(tensors())
def test_what_is_packed_comes_back(tensor):
    datatype, array = tensor
    shape, raw = _tensor.encode("x", datatype, array)
    assert _tensor.nested(shape, _tensor.unpack(datatype, shape, raw)) == array.tolist()
    assert np.array_equal(_ndarray.decode(np, datatype, shape, raw), array)


@given(hnp.arrays(np.float32, SHAPES, elements=st.floats(width=32, allow_nan=False)))
def test_bf16_is_the_upper_half_of_an_fp32(array):
    expected = b"".join(struct.pack("<f", value)[2:] for value in array.reshape(-1).tolist())
    back = np.frombuffer(expected, ml_dtypes.bfloat16).astype(np.float32).reshape(array.shape)
    assert _tensor.encode("x", "BF16", array) == (list(array.shape), expected)
    assert _tensor.encode("x", "BF16", array.tolist()) == (list(array.shape), expected)
    assert np.array_equal(_ndarray.decode(np, "BF16", array.shape, expected), back)
    assert _tensor.nested(array.shape, _tensor.unpack("BF16", array.shape, expected)) == back.tolist()


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8))
def test_bytes_are_written_as_tritonclient_writes_them(items):
    array = np.array(items, dtype=object)
    expected = serialize_byte_tensor(array).item()
    assert _tensor.encode("x", "BYTES", items) == ([len(items)], expected)
    assert _tensor.encode("x", "BYTES", array) == ([len(items)], expected)
    assert _tensor.unpack("BYTES", [len(items)], expected) == items
    assert _ndarray.decode(np, "BYTES", [len(items)], expected).tolist() == items


@pytest.mark.parametrize(
    ("value", "shape", "flat"),
    [
        (5, [], [5]),
        ([], [0], []),
        ([[], []], [2, 0], []),
        ([[1, 2], [3, 4]], [2, 2], [1, 2, 3, 4]),
        ([[[1]], [[2]]], [2, 1, 1], [1, 2]),
        (((1, 2),), [1, 2], [1, 2]),
    ],
)
def test_nested_lists_have_a_shape(value, shape, flat):
    assert _tensor.flatten("x", value) == (shape, flat)


def test_empty_and_scalar_tensors_nest_back():
    assert _tensor.nested([2, 0], []) == [[], []]
    assert _tensor.nested([0], []) == []
    assert _tensor.nested([0, 3], []) == []
    assert _tensor.nested([], [7]) == 7


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([[1, 2], [3]], "element [1] has 1 elements, others have 2"),
        ([[1, 2], 3], "element [1] is one value, where others are lists"),
        ([1, [2]], "element [1] is a list, where others are one value"),
        ([[[1], [2]], [[3], [4, 5]]], "element [1][1] has 2 elements, others have 1"),
    ],
)
def test_ragged_lists_are_refused_by_the_place(value, place):
    with pytest.raises(InvalidArgument) as caught:
        _tensor.encode("sepal", "FP32", value)
    assert str(caught.value) == f"input 'sepal' is ragged: {place}"
    assert caught.value.field == "sepal"


@pytest.mark.parametrize(
    ("datatype", "value", "says"),
    [
        ("FP32", [[1.0, "a"]], "element [0][1] is 'a' (str), but FP32 takes a number"),
        ("FP64", [None], "element [0] is None (NoneType), but FP64 takes a number"),
        ("FP32", [True], "element [0] is True (bool), but FP32 takes a number"),
        ("FP32", [1e39], "element [0] is 1e+39 (float), but FP32 takes a number in its range"),
        ("BF16", [1e39], "element [0] is 1e+39 (float), but BF16 takes a number in its range"),
        ("FP16", [70000], "element [0] is 70000 (int), but FP16 takes a number in its range"),
        ("INT64", [1.5], "element [0] is 1.5 (float), but INT64 takes a whole number in its range"),
        ("INT8", [0, 300], "element [1] is 300 (int), but INT8 takes a whole number in its range"),
        ("UINT8", [-1], "element [0] is -1 (int), but UINT8 takes a whole number in its range"),
        ("INT32", ["1"], "element [0] is '1' (str), but INT32 takes a whole number"),
        ("BOOL", [1], "element [0] is 1 (int), but BOOL takes true or false"),
        ("BYTES", [1], 'element [0] is 1 (int), but BYTES takes a string, bytes, or {"b64": "…"}'),
        ("BYTES", [{"b64": "?"}], "element [0] is {'b64': '?'} (dict), but BYTES takes a string"),
        ("FP32", "scalar", "the value is 'scalar' (str), but FP32 takes a number"),
    ],
)
def test_a_wrong_element_is_refused_by_its_place(datatype, value, says):
    with pytest.raises(InvalidArgument) as caught:
        _tensor.encode("x", datatype, value)
    assert str(caught.value).startswith(f"input 'x': {says}")
    assert caught.value.field == "x"


def test_a_datatype_that_nobody_knows_is_refused_by_name():
    for value in ([1], np.array([1])):
        with pytest.raises(InvalidArgument, match="input 'x' has datatype FP8"):
            _tensor.encode("x", "FP8", value)


def test_json_numbers_fit_whole_number_inputs():
    assert _tensor.encode("x", "INT32", [1.0, 2]) == ([2], struct.pack("<2i", 1, 2))
    assert _tensor.encode("x", "FP32", [1]) == ([1], struct.pack("<f", 1))
    assert _tensor.encode("x", "FP32", [np.float64(0.5), np.float32(1)]) == ([2], struct.pack("<2f", 0.5, 1))


def test_text_and_base64_become_bytes():
    assert _tensor.encode("x", "BYTES", ["é", {"b64": "AAE="}]) == ([2], b"\2\0\0\0\xc3\xa9\2\0\0\0\0\1")


@pytest.mark.parametrize(
    ("datatype", "array", "says"),
    [
        ("FP32", np.array(["a"]), "an array of <U1, but the model takes FP32"),
        ("INT64", np.array([1.0]), 'an array of float64, but the model takes INT64: convert it with .astype("<i8")'),
        ("BOOL", np.array([1]), "an array of int64, but the model takes BOOL"),
        ("INT8", np.array([1, 300]), "holds 300, which is outside of the range of INT8"),
        ("UINT64", np.array([-1]), "holds -1, which is outside of the range of UINT64"),
        ("FP32", np.array([1.0, 1e39]), "holds 1e+39, which is outside of the range of FP32"),
        ("FP16", np.array([70000]), "holds 70000, which is outside of the range of FP16"),
        ("BYTES", np.array([1]), "holds 1 (int), but BYTES takes strings and bytes"),
    ],
)
def test_an_array_that_does_not_fit_is_refused_by_name(datatype, array, says):
    with pytest.raises(InvalidArgument) as caught:
        _tensor.encode("x", datatype, array)
    assert str(caught.value).startswith(f"input 'x' is {says}".replace(" is holds", " holds"))


def test_arrays_are_converted_where_nothing_is_lost():
    assert _tensor.encode("x", "FP32", np.array([0.5])) == ([1], struct.pack("<f", 0.5))
    assert _tensor.encode("x", "FP32", np.array([np.inf, 2.0])) == ([2], struct.pack("<2f", np.inf, 2))
    assert _tensor.encode("x", "INT8", np.array([-3])) == ([1], struct.pack("<b", -3))
    assert _tensor.encode("x", "INT32", np.arange(4, dtype=">i4").reshape(2, 2).T) == (
        [2, 2],
        struct.pack("<4i", 0, 2, 1, 3),
    )
    assert _tensor.encode("x", "FP64", np.float64(2)) == ([], struct.pack("<d", 2))


def test_what_offers_to_become_an_array_is_taken_as_one():
    class Column:
        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, 2.0])

    assert _tensor.encode("x", "FP64", Column()) == ([2], struct.pack("<2d", 1, 2))


def test_decoded_arrays_are_the_callers_own():
    array = _ndarray.decode(np, "FP32", [1], struct.pack("<f", 1))
    array[0] = 2
    assert array[0] == 2
