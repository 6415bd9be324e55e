"""Requests as Triton gets them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery import inference as pb
from servery_inference.backends._triton.layout import NUMBERS
from servery_inference.backends._triton.requests import forwarded
from servery_inference.domain.model import InferRequest
from servery_inference.domain.tensor import Tensor

DATATYPES = {"input-0": "FP64"}


def request(datatype: str, array: np.ndarray, **more) -> InferRequest:
    message = pb.ModelInferRequest(model_name="iris", model_version="3", id="q", **more)
    message.inputs.add(name="input-0", datatype=datatype, shape=array.shape)
    message.raw_input_contents.append(array.tobytes())
    tensor = Tensor("input-0", datatype, array.shape, memoryview(array.tobytes()))
    return InferRequest(id="q", inputs=(tensor,), encoded=message.SerializeToString())


@given(st.binary(max_size=200))
def test_a_request_of_the_right_datatype_goes_on_unread(content):
    given = InferRequest(inputs=(Tensor("input-0", "FP64", (1,), b""),), encoded=content)
    assert forwarded(given, "n", DATATYPES) == content + b"\x0a\x01n\x12\x00"


def test_typed_contents_go_on_as_they_are():
    message = pb.ModelInferRequest(model_name="iris", model_version="3")
    message.inputs.add(name="input-0", datatype="FP64", shape=[1, 2]).contents.fp64_contents.extend([1.0, 2.0])
    tensor = Tensor("input-0", "FP64", (1, 2), np.array([1.0, 2.0]).tobytes())
    sent = forwarded(InferRequest(inputs=(tensor,), encoded=message.SerializeToString()), "ours", DATATYPES)
    read = pb.ModelInferRequest.FromString(sent)
    assert (read.model_name, read.model_version) == ("ours", "")
    assert list(read.inputs[0].contents.fp64_contents) == [1.0, 2.0]


@pytest.mark.parametrize("datatype", sorted(NUMBERS))
def test_numbers_of_every_accepted_datatype_are_converted(datatype):
    dtype = {"BOOL": "bool", "FP16": "float16", "FP32": "float32"}.get(datatype, datatype.lower())
    array = np.array([[0, 1], [1, 0]], dtype)
    read = pb.ModelInferRequest.FromString(forwarded(request(datatype, array), "ours", DATATYPES))
    assert (read.model_name, read.model_version, read.id) == ("ours", "", "q")
    assert (read.inputs[0].name, read.inputs[0].datatype, list(read.inputs[0].shape)) == ("input-0", "FP64", [2, 2])
    assert read.raw_input_contents == [array.astype("<f8").tobytes()]


def test_typed_contents_that_are_converted_become_raw_and_the_rest_of_the_request_stays():
    message = pb.ModelInferRequest(model_name="iris", id="q")
    message.inputs.add(name="input-0", datatype="FP32", shape=[1, 1]).contents.fp32_contents.append(0.5)
    message.outputs.add(name="predict").parameters["classification"].int64_param = 2
    message.parameters["priority"].int64_param = 1
    tensor = Tensor("input-0", "FP32", (1, 1), np.array([0.5], "<f4").tobytes())
    given = InferRequest(id="q", inputs=(tensor,), outputs=("predict",), encoded=message.SerializeToString())
    read = pb.ModelInferRequest.FromString(forwarded(given, "ours", DATATYPES))
    assert not read.inputs[0].HasField("contents")
    assert read.raw_input_contents == [np.array([0.5], "<f8").tobytes()]
    assert read.outputs == message.outputs
    assert read.parameters["priority"].int64_param == 1
