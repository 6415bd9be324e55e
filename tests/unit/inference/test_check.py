import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from servery.errors import InvalidArgument
from servery_inference.domain.array import elements, from_numpy, join, to_numpy
from servery_inference.domain.check import Check, version_number
from servery_inference.domain.model import InferRequest, Signature
from servery_inference.domain.tensor import ITEM_BYTES, Tensor, TensorSpec

CHECK = Check(
    Signature(
        platform="fake",
        inputs=(
            TensorSpec(name="X", datatype="FP32", shape=(-1, 4), accepts=frozenset({"INT8"})),
            TensorSpec(name="S", datatype="BYTES", shape=(-1,)),
        ),
        outputs=(TensorSpec(name="Y", datatype="FP32", shape=(-1,)),),
    ),
    "m",
)
X = Tensor("X", "FP32", (1, 4), bytes(16))
S = Tensor("S", "BYTES", (2,), b"\x01\0\0\0a\0\0\0\0")
ID = "[request id: 7] "


def x(datatype="FP32", shape=(1, 4), size=16) -> Tensor:
    return Tensor("X", datatype, shape, bytes(size))


def s(data: bytes, count: int = 1) -> Tensor:
    return Tensor("S", "BYTES", (count,), data)


@pytest.mark.parametrize(
    "tensors", [(X, S), (S, X), (x(shape=(0, 4), size=0), s(b"", 0)), (x("INT8", (2, 4), 8), S)], ids=str
)
def test_what_fits_passes(tensors):
    CHECK(InferRequest(inputs=tensors, outputs=("Y",)))


REFUSED = {
    "missing": ((X,), (), "inputs", ID + "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['X'], but "
        "missing required input(s) ['S']. Please provide all required input(s)."),
    "none": ((), (), "inputs", ID + "expected 2 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing "
        "required input(s) ['X','S']. Please provide all required input(s)."),
    "extra": ((X, S, Tensor("Z", "FP32", (), b"")), (), "inputs", ID + "expected 2 inputs but got 3 inputs for model "
        "'m'. Got input(s) ['X','S','Z'], but the model has no input(s) ['Z']. Please leave them out."),
    "unknown": ((X, Tensor("Z", "FP32", (), b"")), (), "inputs[1].name",
        "unexpected inference input 'Z' for model 'm'"),
    "twice": ((X, X), (), "inputs[1].name", ID + "input 'X' already exists in request for model 'm'"),
    "output": ((X, S), ("Y", "NOPE"), "outputs[1].name", "unexpected inference output 'NOPE' for model 'm'"),
    "output twice": ((X, S), ("Y", "Y"), "outputs[1].name", ID + "output 'Y' already exists in request for model 'm'"),
    "datatype": ((S, x("FP64", size=32)), (), "inputs[1].datatype",
        ID + "inference input 'X' data-type is 'FP64', but model 'm' expects 'FP32'"),
    "no datatype": ((x("fp32"), S), (), "inputs[0].datatype",
        ID + "inference input 'X' data-type is '<invalid>', but model 'm' expects 'FP32'"),
    "negative": ((x(shape=(-1, -4)), S), (), "inputs[0].shape",
        ID + "All input dimensions should be specified for input 'X' for model 'm', got [-1,-4]"),
    "size": ((x(shape=(1, 3), size=12), S), (), "inputs[0].shape",
        ID + "unexpected shape for input 'X' for model 'm'. Expected [-1,4], got [1,3]"),
    "rank": ((x(shape=(4,)), S), (), "inputs[0].shape",
        ID + "unexpected shape for input 'X' for model 'm'. Expected [-1,4], got [4]"),
    "no rank": ((x(shape=()), S), (), "inputs[0].shape",
        ID + "unexpected shape for input 'X' for model 'm'. Expected [-1,4], got []"),
    "short": ((x(size=15), S), (), "inputs[0]",
        ID + "input byte size mismatch for input 'X' for model 'm'. Expected 16, got 15"),
    "long": ((x(size=17), S), (), "inputs[0]",
        ID + "input byte size mismatch for input 'X' for model 'm'. Expected 16, got 17"),
    "product": ((x(shape=(2**62, 4), size=0), S), (), "inputs[0].shape", ID + "shape [4611686018427387904,4] of input "
        "'X' for model 'm' is more than any machine can hold"),
    "large": ((x(shape=(2**40, 4), size=0), S), (), "inputs[0]",
        ID + "input byte size mismatch for input 'X' for model 'm'. Expected 17592186044416, got 0"),
    "string length cut": ((X, s(b"\1\0")), (), "inputs[1]", ID + "incomplete string length indicator for inference "
        "input 'S' for model 'm', expecting 4 bytes but only 2 bytes available. Please make sure the string length "
        "indicator is in one buffer."),
    "string cut": ((X, s(b"\x64\0\0\0ab")), (), "inputs[1]", ID + "incomplete string data for inference input 'S' for "
        "model 'm', expecting string of length 100 but only 2 bytes available"),
    "string huge": ((X, s(b"\xff\xff\xff\xff")), (), "inputs[1]", ID + "incomplete string data for inference input 'S' "
        "for model 'm', expecting string of length 4294967295 but only 0 bytes available"),
    "few strings": ((X, s(S.data, 3)), (), "inputs[1]",
        ID + "expected 3 string elements for inference input 'S' for model 'm', got 2"),
    "many strings": ((X, s(S.data, 1)), (), "inputs[1]",
        ID + "unexpected number of string elements 2 for inference input 'S' for model 'm', expecting 1"),
}  # fmt: skip


@pytest.mark.parametrize(("tensors", "outputs", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused_in_tritons_words(tensors, outputs, field, message):
    with pytest.raises(InvalidArgument) as raised:
        CHECK(InferRequest(id="7", inputs=tensors, outputs=outputs))
    assert (str(raised.value), raised.value.field) == (message, field)


def test_a_request_without_id_says_so():
    with pytest.raises(InvalidArgument, match=r"^\[request id: <id_unknown>\] expected 2 inputs"):
        CHECK(InferRequest(inputs=()))


@pytest.mark.parametrize(("text", "number"), [("", None), ("0", 0), ("1", 1), ("0017", 17)])
def test_a_version_is_a_number_or_nothing(text, number):
    assert version_number(text) == number


@pytest.mark.parametrize("text", ["abc", "1.5", " 1", "+1", "--1", "-", "1_0", "²", "9" * 19, "9" * 5000])
def test_a_version_that_is_no_number_is_refused(text):
    with pytest.raises(InvalidArgument, match="failed to get model version from specified version string"):
        version_number(text)


def test_a_negative_version_is_refused():
    message = "invalid model version specified '-1' , version should be an integral value > 0"
    with pytest.raises(InvalidArgument) as raised:
        version_number("-1")
    assert str(raised.value) == message


def verdict(check: Check, tensor: Tensor) -> bool:
    try:
        check(InferRequest(inputs=(tensor,)))
    except InvalidArgument:
        return False
    return True


SIZES = st.one_of(st.integers(0, 4), st.sampled_from([-1, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63)]))


@given(st.sampled_from(sorted(ITEM_BYTES)), st.lists(SIZES, max_size=3), st.binary(max_size=300))
@example("FP32", [2**32, 2**32], b"")
@example("FP32", [2**31, 2**31], b"")
@example("INT8", [0, 2**63 - 1, 2**63 - 1], b"")
def test_what_passes_is_what_numpy_can_hold(datatype, shape, data):
    spec = TensorSpec(name="t", datatype=datatype, shape=(-1,) * len(shape))
    check = Check(Signature(platform="", inputs=(spec,), outputs=()), "m")
    tensor = Tensor("t", datatype, tuple(shape), data)
    passes = verdict(check, tensor)
    try:
        fits = min(shape, default=0) >= 0 and np.frombuffer(data, f"V{ITEM_BYTES[datatype]}").reshape(shape) is not None
    except ValueError:
        fits = False
    assert passes == fits
    if passes and datatype != "BF16":
        assert to_numpy(tensor).shape == tensor.shape


STRINGS = Check(Signature(platform="", inputs=(TensorSpec(name="t", datatype="BYTES", shape=(-1,)),), outputs=()), "m")


@given(st.lists(st.binary(max_size=9), max_size=20))
def test_strings_are_written_and_read_as_tritonclient_does(items):
    data = join(items)
    assert data == b"".join(serialize_byte_tensor(np.array(items, dtype=object)).flatten().tolist())
    assert elements(data) == items == list(deserialize_bytes_tensor(data))
    assert verdict(STRINGS, Tensor("t", "BYTES", (len(items),), data))


@given(st.binary(max_size=60), st.integers(0, 8))
def test_strings_pass_when_tritonclient_reads_as_many_and_nothing_is_cut(data, count):
    passes = verdict(STRINGS, Tensor("t", "BYTES", (count,), data))
    try:
        read = list(deserialize_bytes_tensor(data))
    except struct.error:
        read = None
    assert passes == (read is not None and len(read) == count and join(read) == data)


@given(st.lists(st.binary(max_size=5), max_size=10), st.data())
def test_strings_that_are_cut_anywhere_are_refused(items, data):
    whole = join(items)
    end = data.draw(st.integers(0, len(whole)))
    assert verdict(STRINGS, Tensor("t", "BYTES", (len(items),), whole[:end])) == (end == len(whole))


def test_a_million_empty_strings_are_read_once():
    assert verdict(STRINGS, Tensor("t", "BYTES", (1_000_000,), bytes(4_000_000)))


@pytest.mark.parametrize("array", [
    np.arange(6, dtype=">i4").reshape(2, 3), np.arange(6.0).reshape(2, 3).T, np.array([[True, False]]),
    np.zeros((0, 3), np.float16), np.float32(3).reshape(()),
], ids=repr)  # fmt: skip
def test_an_array_comes_back_from_its_tensor(array):
    tensor = from_numpy("a", array)
    assert len(tensor.data) == array.size * ITEM_BYTES[tensor.datatype]
    np.testing.assert_array_equal(to_numpy(tensor), array)


def test_texts_become_bytes_elements_and_complex_numbers_nothing():
    tensor = from_numpy("a", np.array([["ä", "b"]]))
    assert (tensor.datatype, tensor.shape, elements(tensor.data)) == ("BYTES", (1, 2), ["ä".encode(), b"b"])
    assert to_numpy(tensor).tolist() == [["ä".encode(), b"b"]]
    with pytest.raises(ValueError, match="complex"):
        from_numpy("a", np.array([1j]))
