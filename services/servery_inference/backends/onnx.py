"""ONNX files, with onnxruntime in this process: ONNX is data, not code."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort

from servery.errors import FailedPrecondition, Internal, InvalidArgument
from servery_inference.domain.array import from_numpy, to_numpy
from servery_inference.domain.model import InferRequest, InferResponse, Signature, Source
from servery_inference.domain.tensor import BYTES, Tensor, TensorSpec
from servery_inference.domain.wording import first_line

_DATATYPES: Final = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": BYTES,
}


class Onnx:
    """Runs the one ONNX file of a version."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix=f"onnx-{source.deployment}")
        self._session: Any = None
        self._outputs: tuple[str, ...] = ()

    async def load(self) -> Signature:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._load)

    async def infer(self, request: InferRequest) -> InferResponse:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, request)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._session = None

    def _load(self) -> Signature:
        options = ort.SessionOptions()
        # Threads that spin between requests eat the cores that other models and the server need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        path = _only(self._source.folder, "*.onnx", "model.onnx")
        try:
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise FailedPrecondition(
                f"{path.name} can't be loaded by onnxruntime {ort.__version__}: {first_line(error)}",
                reason="MODEL_NOT_LOADABLE",
            ) from error
        inputs = tuple(_spec(each) for each in self._session.get_inputs())
        outputs = tuple(_spec(each) for each in self._session.get_outputs())
        self._outputs = tuple(spec.name for spec in outputs)
        return Signature(platform="onnxruntime_onnx", inputs=inputs, outputs=outputs)

    def _run(self, request: InferRequest) -> InferResponse:
        wanted = [name for name in self._outputs if name in request.outputs] if request.outputs else self._outputs
        feed = {tensor.name: _array(tensor) for tensor in request.inputs}
        try:
            found = self._session.run(wanted, feed)
        except Exception as error:
            raise Internal(
                f"the model of '{self._source.deployment}' failed: {first_line(error)}",
                reason="PREDICTOR_ERROR",
            ) from error
        return InferResponse(outputs=tuple(from_numpy(name, array) for name, array in zip(wanted, found, strict=True)))


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    array = to_numpy(tensor)
    if tensor.datatype != BYTES:
        return array
    texts = np.empty(array.shape, dtype=object)
    try:
        texts.reshape(-1)[:] = [item.decode() for item in array.reshape(-1).tolist()]
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            f"input '{tensor.name}' holds text that is not UTF-8, which ONNX does not know", field="inputs"
        ) from error
    return texts


def _spec(argument: Any) -> TensorSpec:
    datatype = _DATATYPES.get(argument.type)
    if datatype is None:
        raise FailedPrecondition(
            f"'{argument.name}' of the ONNX model is a {argument.type}, which KServe v2 can't carry; export the model "
            "with plain tensors (with skl2onnx: options={'zipmap': False})",
            reason="MODEL_NOT_LOADABLE",
        )
    shape = tuple(size if isinstance(size, int) and size >= 0 else -1 for size in argument.shape)
    return TensorSpec(name=argument.name, datatype=datatype, shape=shape)


def _only(folder: Path, pattern: str, preferred: str) -> Path:
    found = sorted(folder.rglob(pattern))
    if len(found) == 1:
        return found[0]
    if (path := folder / preferred) in found:
        return path
    names = ", ".join(str(path.relative_to(folder)) for path in found[:10])
    problem = (
        f"holds several ONNX files ({names}); name the one to run {preferred}" if found else f"has no {pattern} file"
    )
    raise FailedPrecondition(f"the version {problem}", reason="MODEL_NOT_LOADABLE")
