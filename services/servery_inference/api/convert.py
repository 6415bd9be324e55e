"""Between the messages of package `inference` and the domain. Pure functions."""

from typing import Any, Final

import numpy as np

import servery.inference as pb
from servery.errors import Internal, InvalidArgument, Unimplemented
from servery_inference.domain.array import DTYPES, elements, join
from servery_inference.domain.model import EncodedResponse, InferRequest, InferResponse, Parameter, Signature
from servery_inference.domain.tensor import BYTES, DATATYPES, Tensor, TensorSpec

_FIELDS: Final = {
    "bool_contents": "BOOL",
    "int_contents": "INT32",
    "int64_contents": "INT64",
    "uint_contents": "UINT32",
    "uint64_contents": "UINT64",
    "fp32_contents": "FP32",
    "fp64_contents": "FP64",
    "bytes_contents": "BYTES",
}
"""The typed fields, and what Triton calls the type of each."""

_FIELD_OF: Final = {datatype: field for field, datatype in _FIELDS.items()} | {
    "INT8": "int_contents",
    "INT16": "int_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
}
"""The field that holds elements of a datatype. FP16 and BF16 have none: they travel as raw contents."""

_EMPTY_FINAL: Final = "triton_enable_empty_final_response"
_TYPED: Final = "binary_data_output"


def request_from_proto(message: pb.ModelInferRequest, encoded: bytes) -> InferRequest:
    """The request in `message`, which came as `encoded`.

    Raise InvalidArgument when its data is not where it should be, Unimplemented when it asks for an extension that
    this server does not have.
    """
    inputs = _raw_inputs(message) if message.raw_input_contents else _typed_inputs(message)
    for index, output in enumerate(message.outputs):
        if output.parameters:
            _refuse_output_extensions(output, index)
    return InferRequest(
        id=message.id,
        parameters=_parameters(message) if message.parameters else {},
        inputs=inputs,
        outputs=tuple([output.name for output in message.outputs]),
        encoded=encoded,
    )


def response_to_proto(
    answer: InferResponse | EncodedResponse, request: pb.ModelInferRequest, version: str
) -> pb.ModelInferResponse:
    """The response to `request`, its data raw, or typed where the request wants it so."""
    if isinstance(answer, EncodedResponse):
        response = pb.ModelInferResponse.FromString(answer.message)
    else:
        response = pb.ModelInferResponse()
        for name, value in answer.parameters.items():
            _set_parameter(response.parameters[name], value)
        for tensor in answer.outputs:
            response.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
            response.raw_output_contents.append(bytes(tensor.data))
    response.model_name, response.model_version, response.id = request.model_name, version, request.id
    if isinstance(answer, EncodedResponse) or _asks_for_typed(request):
        _rearrange(response, request)
    return response


def as_it_came(request: pb.ModelInferRequest) -> bool:
    """Whether a response of another server, which answers raw to raw, may go out without a look at it."""
    return bool(request.raw_input_contents) and not _asks_for_typed(request)


def metadata_to_proto(name: str, versions: list[str], signature: Signature) -> pb.ModelMetadataResponse:
    """The metadata of a model. What its inputs accept besides their datatype stands in the properties."""
    return pb.ModelMetadataResponse(
        name=name,
        versions=versions,
        platform=signature.platform,
        inputs=[_spec_to_proto(spec) for spec in signature.inputs],
        outputs=[_spec_to_proto(spec) for spec in signature.outputs],
        properties={
            f"accepts/{spec.name}": ",".join(sorted(spec.accepts)) for spec in signature.inputs if spec.accepts
        },
    )


def _spec_to_proto(spec: TensorSpec) -> pb.ModelMetadataResponse.TensorMetadata:
    return pb.ModelMetadataResponse.TensorMetadata(name=spec.name, datatype=spec.datatype, shape=spec.shape)


def _raw_inputs(message: pb.ModelInferRequest) -> tuple[Tensor, ...]:
    raw = message.raw_input_contents
    inputs = message.inputs
    if len(raw) > len(inputs):
        raise InvalidArgument(
            f"unexpected additional input data for model '{message.model_name}': {len(raw)} raw_input_contents for "
            f"{len(inputs)} inputs",
            field=f"raw_input_contents[{len(inputs)}]",
        )
    tensors = []
    for index, tensor in enumerate(inputs):
        if tensor.HasField("contents"):
            raise InvalidArgument(
                f"contents field must not be specified when using raw_input_contents for '{tensor.name}' for model "
                f"'{message.model_name}'",
                field=f"inputs[{index}].contents",
            )
        if tensor.parameters:
            _refuse_shared_memory(tensor, index)
        if index >= len(raw):
            raise _no_data(message, index)
        tensors.append(Tensor(tensor.name, tensor.datatype, tuple(tensor.shape), raw[index]))
    return tuple(tensors)


def _typed_inputs(message: pb.ModelInferRequest) -> tuple[Tensor, ...]:
    tensors = []
    for index, tensor in enumerate(message.inputs):
        if tensor.parameters:
            _refuse_shared_memory(tensor, index)
        if not tensor.HasField("contents"):
            raise _no_data(message, index)
        data = _encoded(message, index) if tensor.datatype in DATATYPES else b""  # the check refuses the datatype
        tensors.append(Tensor(tensor.name, tensor.datatype, tuple(tensor.shape), data))
    return tuple(tensors)


def _no_data(message: pb.ModelInferRequest, index: int) -> InvalidArgument:
    return InvalidArgument(
        f"unable to find data for input tensor '{message.inputs[index].name}' for model '{message.model_name}' in "
        "request.",
        field=f"inputs[{index}]",
    )


def _encoded(message: pb.ModelInferRequest, index: int) -> bytes:
    """The typed contents of an input as raw bytes."""
    tensor = message.inputs[index]
    filled = [descriptor.name for descriptor, _ in tensor.contents.ListFields()]
    what = f"for input tensor '{tensor.name}' for model '{message.model_name}'"
    where = f"inputs[{index}].contents"
    if not filled:
        return b""
    if len(filled) > 1:
        raise InvalidArgument(f"unexpected explicit tensor data {what}, binary data was already supplied.", field=where)
    (name,) = filled
    if name != _FIELD_OF.get(tensor.datatype):
        raise InvalidArgument(
            f"unexpected explicit tensor data {what} of type '{_FIELDS[name]}', expected datatype '{tensor.datatype}'",
            field=where,
        )
    values = getattr(tensor.contents, name)
    if tensor.datatype == BYTES:
        return join(values)
    dtype = DTYPES[tensor.datatype]
    array = np.fromiter(values, dtype=DTYPES[_FIELDS[name]], count=len(values))
    if array.dtype == dtype:
        return array.tobytes()
    limits = np.iinfo(dtype)  # only the small integers share a field with larger ones
    for value in (int(array.min()), int(array.max())):
        if not limits.min <= value <= limits.max:
            raise InvalidArgument(
                f"value {value} {what} does not fit datatype '{tensor.datatype}', which holds {limits.min} to "
                f"{limits.max}",
                field=where,
            )
    return array.astype(dtype).tobytes()


def _refuse_shared_memory(tensor: pb.ModelInferRequest.InferInputTensor, index: int) -> None:
    if "shared_memory_region" in tensor.parameters:
        raise Unimplemented(
            f"shared memory is not implemented by this server; send the data of input '{tensor.name}' in "
            f"inputs[{index}].contents or in raw_input_contents"
        )


def _refuse_output_extensions(output: pb.ModelInferRequest.InferRequestedOutputTensor, index: int) -> None:
    for key in ("classification", "shared_memory_region"):
        if key in output.parameters:
            raise Unimplemented(
                f"parameter '{key}' of outputs[{index}] is not implemented by this server; leave it out"
            )


def _parameters(message: pb.ModelInferRequest) -> dict[str, Parameter]:
    return {name: _parameter(name, value) for name, value in message.parameters.items()}


def _parameter(name: str, value: pb.InferParameter) -> Parameter:
    if name.startswith("triton_") and name != _EMPTY_FINAL:
        raise InvalidArgument(
            "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting "
            f"with 'triton_' are allowed: {_EMPTY_FINAL}",
            field=f"parameters.{name[:255]}",
        )
    choice = value.WhichOneof("parameter_choice")
    if choice is None:
        raise InvalidArgument(
            f"invalid value type for '{name[:255]}' parameter, expected int64_param, bool_param, or string_param.",
            field=f"parameters.{name[:255]}",
        )
    found: Parameter = getattr(value, choice)
    return found


def _set_parameter(parameter: pb.InferParameter, value: Parameter) -> None:
    match value:
        case bool():
            parameter.bool_param = value
        case int() if value >= 2**63:
            parameter.uint64_param = value
        case int():
            parameter.int64_param = value
        case float():
            parameter.double_param = value
        case _:
            parameter.string_param = value


def _asks_for_typed(request: pb.ModelInferRequest) -> bool:
    if request.parameters and _says_typed(request.parameters):
        return True
    return any(output.parameters and _says_typed(output.parameters) for output in request.outputs)


def _says_typed(parameters: Any) -> bool:
    """Whether parameters carry `binary_data_output` with the value false."""
    if _TYPED not in parameters:
        return False
    value = parameters[_TYPED]
    if value.WhichOneof("parameter_choice") != "bool_param":
        raise InvalidArgument(
            f"invalid value type for '{_TYPED}' parameter, expected bool_param.", field=f"parameters.{_TYPED}"
        )
    return not value.bool_param


def _rearrange(response: pb.ModelInferResponse, request: pb.ModelInferRequest) -> None:
    """Put each output's data where the request wants it, wherever it is now."""
    everything = _says_typed(request.parameters)
    named = {output.name: _says_typed(output.parameters) for output in request.outputs if _TYPED in output.parameters}
    raw = list(response.raw_output_contents)
    rest = []
    for index, output in enumerate(response.outputs):
        typed = named.get(output.name, everything)
        data = raw[index] if index < len(raw) and not _filled(output) else None
        if typed and data is not None:
            _decode(output, data)
        elif not typed and data is None:
            data = _encode(output)
        rest.append(b"" if typed or data is None else data)
    del response.raw_output_contents[:]
    if any(not named.get(output.name, everything) for output in response.outputs):
        response.raw_output_contents.extend(rest)


def _filled(output: pb.ModelInferResponse.InferOutputTensor) -> bool:
    return bool(output.HasField("contents") and output.contents.ListFields())


def _decode(output: pb.ModelInferResponse.InferOutputTensor, data: bytes) -> None:
    """Raw bytes into typed contents."""
    field = _FIELD_OF.get(output.datatype)
    if field is None:
        raise InvalidArgument(
            f"sending {output.datatype} data as typed contents is not supported. Please use the binary data format for "
            f"output {output.name}",
            field=f"parameters.{_TYPED}",
        )
    values: Any = elements(data) if output.datatype == BYTES else np.frombuffer(data, DTYPES[output.datatype]).tolist()
    output.contents.SetInParent()
    getattr(output.contents, field).extend(values)


def _encode(output: pb.ModelInferResponse.InferOutputTensor) -> bytes:
    """Typed contents, as some servers answer to typed requests, into raw bytes."""
    field = _FIELD_OF.get(output.datatype)
    if field is None:
        raise Internal(f"the model's server answered output '{output.name}' of {output.datatype} without raw contents")
    values = getattr(output.contents, field)
    data = join(values) if output.datatype == BYTES else np.array(values, DTYPES[output.datatype]).tobytes()
    output.ClearField("contents")
    return data
