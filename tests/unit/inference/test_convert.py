import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

import servery.inference as pb
from servery.errors import Internal, InvalidArgument, Unimplemented
from servery_inference.api.convert import as_it_came, metadata_to_proto, request_from_proto, response_to_proto
from servery_inference.backends.remote import signature_from_proto
from servery_inference.domain.array import DTYPES, from_numpy
from servery_inference.domain.model import EncodedResponse, InferResponse, Signature
from servery_inference.domain.tensor import Tensor, TensorSpec

FIELDS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents",
}  # fmt: skip
"""As the proto says: which field holds what."""


def message(text: str) -> pb.ModelInferRequest:
    return text_format.Parse(text, pb.ModelInferRequest(model_name="m"), descriptor_pool=pb.POOL)


def converted(text: str):
    return request_from_proto(message(text), b"as it came")


def test_a_raw_request_keeps_its_bytes_and_its_encoding():
    request = converted(
        'id: "7" inputs { name: "a" datatype: "FP32" shape: [1, 2] } inputs { name: "b" datatype: "BF16" shape: 1 } '
        'outputs { name: "y" } raw_input_contents: "12345678" raw_input_contents: "xy"'
    )
    assert (request.id, request.outputs, request.encoded) == ("7", ("y",), b"as it came")
    assert request.inputs == (Tensor("a", "FP32", (1, 2), b"12345678"), Tensor("b", "BF16", (1,), b"xy"))


@pytest.mark.parametrize("datatype", FIELDS)
def test_typed_contents_become_the_bytes_of_their_datatype(datatype):
    dtype = DTYPES[datatype]
    if dtype.kind == "b":
        values = [True, False, True]
    elif dtype.kind == "f":
        values = [0.5, -1.25, 3e30]
    else:
        values = [np.iinfo(dtype).min, 0, np.iinfo(dtype).max]
    request = pb.ModelInferRequest(model_name="m")
    tensor = request.inputs.add(name="a", datatype=datatype, shape=[3])
    getattr(tensor.contents, FIELDS[datatype]).extend(int(v) if dtype.kind in "iu" else v for v in values)
    (made,) = request_from_proto(request, b"").inputs
    assert bytes(made.data) == np.array(values, dtype).tobytes()


def test_typed_bytes_become_elements_with_lengths():
    (made,) = converted(
        'inputs { name: "a" datatype: "BYTES" shape: 2 contents { bytes_contents: "ab" bytes_contents: "" } }'
    ).inputs
    assert made.data == b"\x02\0\0\0ab\0\0\0\0"


def test_contents_that_are_there_and_empty_are_no_bytes():
    (made,) = converted('inputs { name: "a" datatype: "FP32" shape: [0, 4] contents { } }').inputs
    assert made == Tensor("a", "FP32", (0, 4), b"")


REFUSED = {
    "both": ('inputs { name: "a" datatype: "FP32" shape: 1 contents { fp32_contents: 1 } } raw_input_contents: "1234"',
        "inputs[0].contents",
        "contents field must not be specified when using raw_input_contents for 'a' for model 'm'"),
    "both, empty": ('inputs { name: "a" datatype: "FP32" shape: 1 contents { } } raw_input_contents: "1234"',
        "inputs[0].contents",
        "contents field must not be specified when using raw_input_contents for 'a' for model 'm'"),
    "fewer": ('inputs { name: "a" } inputs { name: "b" } raw_input_contents: ""', "inputs[1]",
        "unable to find data for input tensor 'b' for model 'm' in request."),
    "none": ('inputs { name: "a" datatype: "FP32" }', "inputs[0]",
        "unable to find data for input tensor 'a' for model 'm' in request."),
    "more": ('inputs { name: "a" } raw_input_contents: "" raw_input_contents: ""', "raw_input_contents[1]",
        "unexpected additional input data for model 'm': 2 raw_input_contents for 1 inputs"),
    "type": ('inputs { name: "a" datatype: "INT32" shape: 1 contents { fp32_contents: 1 } }', "inputs[0].contents",
        "unexpected explicit tensor data for input tensor 'a' for model 'm' of type 'FP32', expected datatype 'INT32'"),
    "half": ('inputs { name: "a" datatype: "FP16" shape: 1 contents { fp32_contents: 1 } }', "inputs[0].contents",
        "unexpected explicit tensor data for input tensor 'a' for model 'm' of type 'FP32', expected datatype 'FP16'"),
    "two": ('inputs { name: "a" datatype: "FP32" shape: 1 contents { fp32_contents: 1 fp64_contents: 1 } }',
        "inputs[0].contents",
        "unexpected explicit tensor data for input tensor 'a' for model 'm', binary data was already supplied."),
    "range": ('inputs { name: "a" datatype: "INT8" shape: 2 contents { int_contents: [1, 300] } }',
        "inputs[0].contents",
        "value 300 for input tensor 'a' for model 'm' does not fit datatype 'INT8', which holds -128 to 127"),
    "parameter": ('parameters { key: "u" value { } }', "parameters.u",
        "invalid value type for 'u' parameter, expected int64_param, bool_param, or string_param."),
    "reserved": ('parameters { key: "triton_x" value { bool_param: true } }', "parameters.triton_x",
        ("parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with "
        "'triton_' are allowed: triton_enable_empty_final_response")),
}  # fmt: skip


@pytest.mark.parametrize(("text", "field", "words"), REFUSED.values(), ids=REFUSED)
def test_data_that_is_not_where_it_should_be_is_refused_in_tritons_words(text, field, words):
    with pytest.raises(InvalidArgument) as raised:
        converted(text)
    assert (str(raised.value), raised.value.field) == (words, field)


@pytest.mark.parametrize("text", [
    'inputs { name: "a" parameters { key: "shared_memory_region" value { string_param: "r" } } }',
    'outputs { name: "y" parameters { key: "classification" value { int64_param: 2 } } }',
])  # fmt: skip
def test_extensions_that_are_not_here_are_said_to_be_so(text):
    with pytest.raises(Unimplemented, match="not implemented by this server"):
        converted(text)


def test_parameters_of_every_kind_arrive_and_leave():
    request = message(
        'parameters { key: "b" value { bool_param: true } } parameters { key: "i" value { int64_param: -1 } } '
        'parameters { key: "s" value { string_param: "x" } } parameters { key: "d" value { double_param: 0.5 } } '
        'parameters { key: "u" value { uint64_param: 18446744073709551615 } }'
    )
    parameters = request_from_proto(request, b"").parameters
    assert parameters == {"b": True, "i": -1, "s": "x", "d": 0.5, "u": 2**64 - 1}
    response = response_to_proto(InferResponse(outputs=(), parameters=parameters), request, "1")
    assert dict(response.parameters) == dict(request.parameters)


ANSWER = InferResponse(
    outputs=(
        from_numpy("n", np.array([[1.5, 2.5]], np.float32)),
        from_numpy("t", np.array([b"a", b""], dtype=object)),
        from_numpy("i", np.array([-3], np.int16)),
    )
)


def encoded(answer: InferResponse = ANSWER, text: str = "") -> EncodedResponse:
    """The answer as another server sends it, for a request of these parameters."""
    return EncodedResponse(response_to_proto(answer, message(text), "9").SerializeToString())


TYPED = 'parameters { key: "binary_data_output" value { bool_param: false } }'


@pytest.mark.parametrize("answer", [ANSWER, encoded(), encoded(text=TYPED)], ids=["tensors", "raw", "typed"])
def test_the_answer_is_raw_or_typed_as_asked_for_whatever_the_backend_gave(answer):
    raw = response_to_proto(answer, message('id: "7" raw_input_contents: "x"'), "3")
    assert (raw.model_name, raw.model_version, raw.id) == ("m", "3", "7")
    assert list(raw.raw_output_contents) == [bytes(tensor.data) for tensor in ANSWER.outputs]
    assert not any(output.HasField("contents") for output in raw.outputs)
    typed = response_to_proto(answer, message(TYPED), "3")
    assert not typed.raw_output_contents
    assert list(typed.outputs[0].contents.fp32_contents) == [1.5, 2.5]
    assert list(typed.outputs[1].contents.bytes_contents) == [b"a", b""]
    assert list(typed.outputs[2].contents.int_contents) == [-3]


@pytest.mark.parametrize("answer", [ANSWER, encoded(), encoded(text=TYPED)], ids=["tensors", "raw", "typed"])
def test_an_output_can_say_for_itself_how_it_wants_to_be(answer):
    request = message('outputs { name: "i" ' + TYPED + " }")
    mixed = response_to_proto(answer, request, "3")
    assert list(mixed.raw_output_contents) == [bytes(ANSWER.outputs[0].data), ANSWER.outputs[1].data, b""]
    assert list(mixed.outputs[2].contents.int_contents) == [-3]


def test_half_precision_has_no_typed_contents():
    answer = InferResponse(outputs=(from_numpy("h", np.zeros(1, np.float16)),))
    with pytest.raises(InvalidArgument, match="sending FP16 data as typed contents is not supported"):
        response_to_proto(answer, message(TYPED), "1")


def test_an_output_of_another_server_without_any_data_is_its_fault():
    response = pb.ModelInferResponse()
    response.outputs.add(name="h", datatype="FP16", shape=[1])
    with pytest.raises(Internal, match="'h' of FP16 without raw contents"):
        response_to_proto(EncodedResponse(response.SerializeToString()), message(""), "1")


@pytest.mark.parametrize(("text", "unread"), [
    ('raw_input_contents: "x"', True), ("", False), ('raw_input_contents: "x" ' + TYPED, False),
    ('raw_input_contents: "x" outputs { name: "y" ' + TYPED + " }", False),
    ('raw_input_contents: "x" ' + TYPED.replace("false", "true"), True),
])  # fmt: skip
def test_only_raw_to_raw_goes_out_unread(text, unread):
    assert as_it_came(message(text)) is unread


def test_binary_data_output_must_be_a_bool():
    with pytest.raises(InvalidArgument, match="expected bool_param"):
        as_it_came(message('raw_input_contents: "x" ' + TYPED.replace("bool_param: false", "int64_param: 0")))


def test_a_signature_survives_the_way_over_the_wire():
    signature = Signature(
        platform="sklearn",
        inputs=(
            TensorSpec(name="a", datatype="FP64", shape=(-1, 4), accepts=frozenset({"FP32", "INT8"})),
            TensorSpec(name="b", datatype="BYTES", shape=()),
        ),
        outputs=(TensorSpec(name="y", datatype="INT64", shape=(-1,)),),
    )
    sent = metadata_to_proto("m", ["1"], signature).SerializeToString()
    assert signature_from_proto(pb.ModelMetadataResponse.FromString(sent)) == signature


@given(st.lists(st.floats(width=32, allow_nan=False)), st.sampled_from(["FP32", "FP64"]))
def test_typed_and_raw_are_the_same_request(values, datatype):
    raw, typed = pb.ModelInferRequest(), pb.ModelInferRequest()
    for each in (raw, typed):
        each.inputs.add(name="a", datatype=datatype, shape=[len(values)])
    raw.raw_input_contents.append(np.array(values, DTYPES[datatype]).tobytes())
    typed.inputs[0].contents.SetInParent()
    getattr(typed.inputs[0].contents, FIELDS[datatype]).extend(values)
    assert request_from_proto(raw, b"").inputs == request_from_proto(typed, b"").inputs
