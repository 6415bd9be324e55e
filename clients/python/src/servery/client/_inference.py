"""Predictions over the KServe v2 protocol."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import servery.inference as pb
from servery.client import _json, _ndarray, _tensor
from servery.client._connection import Connection
from servery.errors import DataLoss, InvalidArgument, NotFound, ResourceExhausted

MESSAGE_BYTES: Final = 64 * 1024 * 1024

_TYPED: Final = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """What a deployment takes: the datatype of each input, by name."""

    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What `predict` was asked."""

    deployment: str
    version: str
    """Empty: as the deployment says."""

    data: Any
    inputs: Mapping[str, Any] | None
    outputs: Sequence[str]
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One output, as it came."""

    datatype: str
    shape: tuple[int, ...]
    raw: bytes


class Inference:
    """Asks deployments. What each of them takes is asked once, and again when an answer says it has changed."""

    def __init__(self, inference: Connection) -> None:
        self._inference = inference
        self._signatures: dict[tuple[str, str], Signature] = {}
        self._lock = threading.Lock()

    def predict(
        self,
        deployment: str,
        data: Any = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        version: int | None = None,
        outputs: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """See `Client.predict`."""
        if (data is None) == (inputs is None):
            raise InvalidArgument("give data or inputs, one of the two", field="data")
        question = Question(
            deployment=deployment,
            version=str(version) if version else "",
            data=data,
            inputs=inputs,
            outputs=outputs,
            timeout_s=timeout_s,
        )
        known = self._signatures.get((deployment, question.version))
        if known is not None:
            try:
                return self._ask(question, known)
            except (InvalidArgument, NotFound):
                pass  # what is known may be of an earlier revision
        try:
            return self._ask(question, self._signature(question))
        except (InvalidArgument, NotFound):
            self._signatures.pop((deployment, question.version), None)
            raise

    def _ask(self, question: Question, signature: Signature) -> dict[str, Any]:
        names = list(signature.inputs)
        if question.inputs is not None:
            answers = self._infer(question, signature, _json.named(question.inputs, names))
            numpy = _tensor.numpy()
            return {name: _value(numpy, answer) for name, answer in answers.items()}
        answers = self._infer(question, signature, _json.columns(question.data, names))
        form = _json.INSTANCES if _json.INSTANCES in question.data else _json.INPUTS
        return _json.answer(form, {name: _value(None, answer) for name, answer in answers.items()})

    def _infer(self, question: Question, signature: Signature, values: Mapping[str, Any]) -> dict[str, Answer]:
        request = _request(question, signature, values)
        if (size := request.ByteSize()) > MESSAGE_BYTES:
            raise ResourceExhausted(
                f"the request has {size} bytes and a message may have {MESSAGE_BYTES}: send fewer rows at a time",
                reason="MESSAGE_TOO_LARGE",
            )
        response = self._inference.call(self._stub().ModelInfer, request, timeout_s=question.timeout_s)
        raws = response.raw_output_contents
        if raws and len(raws) != len(response.outputs):
            raise DataLoss(f"the answer has {len(response.outputs)} outputs and raw contents of {len(raws)}")
        return {
            output.name: Answer(output.datatype, tuple(output.shape), raws[at] if raws else _typed(output))
            for at, output in enumerate(response.outputs)
        }

    def _signature(self, question: Question) -> Signature:
        request = pb.ModelMetadataRequest(name=question.deployment, version=question.version)
        metadata = self._inference.call(self._stub().ModelMetadata, request, timeout_s=question.timeout_s)
        signature = Signature({tensor.name: tensor.datatype for tensor in metadata.inputs})
        with self._lock:
            if len(self._signatures) >= 1024:  # a client that asks for names without end must not grow without end
                self._signatures.clear()
            self._signatures[question.deployment, question.version] = signature
        return signature

    def _stub(self) -> pb.GRPCInferenceServiceStub:
        return self._inference.stub(pb.GRPCInferenceServiceStub)


def _request(question: Question, signature: Signature, values: Mapping[str, Any]) -> Any:
    request = pb.ModelInferRequest(model_name=question.deployment, model_version=question.version)
    for name, value in values.items():
        datatype = signature.inputs[name]
        shape, raw = _tensor.encode(name, datatype, value)
        request.inputs.add(name=name, datatype=datatype, shape=shape)
        request.raw_input_contents.append(raw)
    for name in question.outputs:
        request.outputs.add(name=name)
    return request


def _value(numpy: Any, answer: Answer) -> Any:
    try:
        if numpy is not None:
            return _ndarray.decode(numpy, answer.datatype, answer.shape, answer.raw)
        return _tensor.nested(answer.shape, _tensor.unpack(answer.datatype, answer.shape, answer.raw))
    except (ValueError, KeyError, IndexError, _tensor.StructError) as error:
        raise DataLoss(
            f"an output of datatype {answer.datatype} and shape {list(answer.shape)} has {len(answer.raw)} bytes, "
            "which do not make such a tensor"
        ) from error


def _typed(output: Any) -> bytes:
    """Raw contents of an output that was answered typed, as some other servers do."""
    field = _TYPED.get(output.datatype)
    if field is None:
        raise DataLoss(f"output {output.name!r} of datatype {output.datatype} came without raw contents")
    flat = list(getattr(output.contents, field))
    return _tensor.pack(output.name, output.datatype, list(output.shape), flat)
