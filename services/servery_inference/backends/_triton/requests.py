"""Requests as Triton gets them: as they came, under its own model name, or with their numbers converted."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from servery import inference as pb
from servery.inference.wire import renamed
from servery_inference.domain.model import InferRequest
from servery_inference.domain.tensor import Tensor

_DTYPES: Final = {
    "BOOL": "?",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


def forwarded(request: InferRequest, name: str, datatypes: Mapping[str, str]) -> bytes:
    """A serialised ModelInferRequest for the model `name`, which takes inputs of these datatypes.

    The message goes on unread when its inputs have the datatypes already. The version is left empty: the model has one.
    """
    if all(tensor.datatype == datatypes[tensor.name] for tensor in request.inputs):
        return renamed(request.encoded, name, "")
    message = pb.ModelInferRequest.FromString(request.encoded)
    message.model_name, message.model_version = name, ""
    del message.inputs[:], message.raw_input_contents[:]
    for tensor in request.inputs:
        datatype = datatypes[tensor.name]
        message.inputs.add(name=tensor.name, datatype=datatype, shape=tensor.shape)
        message.raw_input_contents.append(_converted(tensor, datatype))
    return message.SerializeToString()


def _converted(tensor: Tensor, datatype: str) -> bytes:
    if tensor.datatype == datatype:
        return bytes(tensor.data)
    return np.frombuffer(tensor.data, _DTYPES[tensor.datatype]).astype(_DTYPES[datatype]).tobytes()
