"""Is a request one that the model can answer? In the words of Triton, which clients and their tests know.

Pure, and linear in the size of the request: nothing that a request claims, such as a shape of [2^32,2^32], is believed
before the bytes that came are compared with it.
"""

import struct
from collections.abc import Iterable
from math import prod
from typing import Final

from servery.errors import InvalidArgument
from servery_inference.domain.model import InferRequest, Signature
from servery_inference.domain.tensor import BYTES, DATATYPES, ITEM_BYTES, Tensor, TensorSpec

_INT64_MAX: Final = 2**63 - 1
_LENGTH: Final = struct.Struct("<I")


def version_number(text: str) -> int | None:
    """The number that a request gives as model_version; None when it gives none.

    Raise InvalidArgument when it is not one. (Triton reads the leading digits of "1.5" and answers from version 1; we
    do not answer from a version that was not named.)
    """
    if not text:
        return None
    digits = text[1:] if text[0] == "-" else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or int(digits) > _INT64_MAX:
        raise InvalidArgument(
            f"failed to get model version from specified version string '{text[:100]}' (details: stol), version should "
            "be an integral value > 0",
            field="model_version",
        )
    if text[0] == "-":
        raise InvalidArgument(
            f"invalid model version specified '{text}' , version should be an integral value > 0", field="model_version"
        )
    return int(text)


class Check:
    """The check of one model's requests."""

    def __init__(self, signature: Signature, model: str) -> None:
        """`model` is the name that callers know."""
        self._model = model
        self._inputs = {spec.name: spec for spec in signature.inputs}
        self._outputs = frozenset(spec.name for spec in signature.outputs)

    def __call__(self, request: InferRequest) -> None:
        """Raise InvalidArgument, which names what is wrong, unless the request fits."""
        self._names(request)
        for index, tensor in enumerate(request.inputs):
            spec = self._inputs[tensor.name]
            if tensor.datatype != spec.datatype and tensor.datatype not in spec.accepts:
                given = tensor.datatype if tensor.datatype in DATATYPES else "<invalid>"
                raise InvalidArgument(
                    f"{_prefix(request)}inference input '{tensor.name}' data-type is '{given}', but model "
                    f"'{self._model}' expects '{spec.datatype}'",
                    field=f"inputs[{index}].datatype",
                )
            self._shape(request, index, tensor, spec)
            self._data(request, index, tensor)

    def _names(self, request: InferRequest) -> None:
        known, inputs = self._inputs, request.inputs
        given = {tensor.name for tensor in inputs}
        if len(given) != len(inputs):
            index, name = _repeated(tensor.name for tensor in inputs)
            raise InvalidArgument(
                f"{_prefix(request)}input '{name}' already exists in request for model '{self._model}'",
                field=f"inputs[{index}].name",
            )
        if request.outputs:
            self._requested(request)
        if len(inputs) != len(known):
            raise InvalidArgument(self._miscounted(request, given), field="inputs")
        if given != known.keys():
            index = next(index for index, tensor in enumerate(inputs) if tensor.name not in known)
            raise InvalidArgument(
                f"unexpected inference input '{inputs[index].name[:255]}' for model '{self._model}'",
                field=f"inputs[{index}].name",
            )

    def _requested(self, request: InferRequest) -> None:
        for index, name in enumerate(request.outputs):
            if name not in self._outputs:
                raise InvalidArgument(
                    f"unexpected inference output '{name[:255]}' for model '{self._model}'",
                    field=f"outputs[{index}].name",
                )
        if len(set(request.outputs)) != len(request.outputs):
            index, name = _repeated(request.outputs)
            raise InvalidArgument(
                f"{_prefix(request)}output '{name}' already exists in request for model '{self._model}'",
                field=f"outputs[{index}].name",
            )

    def _miscounted(self, request: InferRequest, given: set[str]) -> str:
        message = (
            f"{_prefix(request)}expected {len(self._inputs)} inputs but got {len(request.inputs)} inputs for model "
            f"'{self._model}'. Got input(s) {_names(tensor.name for tensor in request.inputs)}"
        )
        if missing := [name for name in self._inputs if name not in given]:
            return f"{message}, but missing required input(s) {_names(missing)}. Please provide all required input(s)."
        unknown = [tensor.name for tensor in request.inputs if tensor.name not in self._inputs]
        return f"{message}, but the model has no input(s) {_names(unknown)}. Please leave them out."

    def _shape(self, request: InferRequest, index: int, tensor: Tensor, spec: TensorSpec) -> None:
        shape = tensor.shape
        if any(size < 0 for size in shape):
            raise InvalidArgument(
                f"{_prefix(request)}All input dimensions should be specified for input '{tensor.name}' for model "
                f"'{self._model}', got {_sizes(shape)}",
                field=f"inputs[{index}].shape",
            )
        fits = len(shape) == len(spec.shape) and all(
            want in (-1, size) for want, size in zip(spec.shape, shape, strict=True)
        )
        if not fits:
            raise InvalidArgument(
                f"{_prefix(request)}unexpected shape for input '{tensor.name}' for model '{self._model}'. Expected "
                f"{_sizes(spec.shape)}, got {_sizes(shape)}",
                field=f"inputs[{index}].shape",
            )
        # [0,2^62] has no elements, and yet the libraries below multiply its sizes.
        if prod(size or 1 for size in shape) * ITEM_BYTES.get(tensor.datatype, 4) > _INT64_MAX:
            raise InvalidArgument(
                f"{_prefix(request)}shape {_sizes(shape)} of input '{tensor.name}' for model '{self._model}' is more "
                "than any machine can hold",
                field=f"inputs[{index}].shape",
            )

    def _data(self, request: InferRequest, index: int, tensor: Tensor) -> None:
        if tensor.datatype == BYTES:
            if problem := _strings(tensor.data, prod(tensor.shape), f"inference input '{tensor.name}'", self._model):
                raise InvalidArgument(_prefix(request) + problem, field=f"inputs[{index}]")
            return
        expected = prod(tensor.shape) * ITEM_BYTES[tensor.datatype]
        if expected != len(tensor.data):
            raise InvalidArgument(
                f"{_prefix(request)}input byte size mismatch for input '{tensor.name}' for model '{self._model}'. "
                f"Expected {expected}, got {len(tensor.data)}",
                field=f"inputs[{index}]",
            )


def _strings(data: bytes | memoryview, expected: int, what: str, model: str) -> str:
    """What is wrong with BYTES data, or nothing."""
    offset = count = 0
    end = len(data)
    while offset < end:
        if end - offset < 4:
            return (
                f"incomplete string length indicator for {what} for model '{model}', expecting 4 bytes but only "
                f"{end - offset} bytes available. Please make sure the string length indicator is in one buffer."
            )
        if count == expected:
            return f"unexpected number of string elements {count + 1} for {what} for model '{model}', expecting {count}"
        (size,) = _LENGTH.unpack_from(data, offset)
        offset += 4
        if size > end - offset:
            return (
                f"incomplete string data for {what} for model '{model}', expecting string of length {size} but only "
                f"{end - offset} bytes available"
            )
        offset += size
        count += 1
    return (
        "" if count == expected else f"expected {expected} string elements for {what} for model '{model}', got {count}"
    )


def _prefix(request: InferRequest) -> str:
    return f"[request id: {request.id[:255] or '<id_unknown>'}] "


def _repeated(names: Iterable[str]) -> tuple[int, str]:
    """Index and name of the first that was there before."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            return index, name[:255]
        seen.add(name)
    raise AssertionError("no name is repeated")


def _names(names: Iterable[str]) -> str:
    listed = [f"'{name[:255]}'" for name in names]
    return f"[{','.join(listed[:10])}{',…' if len(listed) > 10 else ''}]"


def _sizes(shape: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, shape[:16]))}{',…' if len(shape) > 16 else ''}]"
