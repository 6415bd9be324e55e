"""scikit-learn estimators in joblib or pickle files. Unpickling runs code, so this lives in a worker only."""

import asyncio
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np

from servery.errors import FailedPrecondition, Internal
from servery_inference.domain.array import DTYPES, from_numpy, to_numpy
from servery_inference.domain.model import InferRequest, InferResponse, Signature, Source
from servery_inference.domain.tensor import BYTES, TensorSpec
from servery_inference.domain.wording import named_line

log = logging.getLogger(__name__)

INPUT: Final = "input-0"
OUTPUT: Final = "predict"
_ACCEPTS: Final = frozenset(DTYPES) - {"FP64", "BOOL"}
_PREFERRED: Final = ("model.joblib", "model.pkl")


class Sklearn:
    """Runs `predict` of the one estimator of a version."""

    def __init__(self, source: Source) -> None:
        self._source = source
        # One thread: nobody promises that an estimator of somebody's own may be asked twice at once.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sklearn")
        self._estimator: Any = None
        self._datatype = "FP64"

    async def load(self) -> Signature:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    async def infer(self, request: InferRequest) -> InferResponse:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._predict, request)

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown)

    def _load(self) -> Signature:
        # Fitted on a DataFrame, asked with an array: true of every request, and no news.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        path = _file(self._source.folder)
        try:
            self._estimator = joblib.load(path)
        except ModuleNotFoundError as error:
            raise FailedPrecondition(
                f"{path.name} needs the Python module '{error.name}', which is not installed on the inference node",
                reason="LIBRARY_MISSING",
            ) from error
        except Exception as error:
            log.exception("%s can't be loaded", path.name)
            raise FailedPrecondition(
                f"{path.name} can't be loaded: {named_line(error)}. Is it a joblib or pickle file?",
                reason="MODEL_NOT_LOADABLE",
            ) from error
        if not callable(getattr(self._estimator, "predict", None)):
            raise FailedPrecondition(
                f"{path.name} holds a {type(self._estimator).__name__}, which has no predict method",
                reason="MODEL_NOT_LOADABLE",
            )
        features = int(getattr(self._estimator, "n_features_in_", -1))
        self._datatype, columns = _output(self._estimator, features)
        return Signature(
            platform="sklearn",
            inputs=(TensorSpec(name=INPUT, datatype="FP64", shape=(-1, features), accepts=_ACCEPTS),),
            outputs=(TensorSpec(name=OUTPUT, datatype=self._datatype, shape=(-1, *columns)),),
        )

    def _predict(self, request: InferRequest) -> InferResponse:
        # A copy: some estimators can't read from memory that is read-only, as a request's is.
        rows = np.array(to_numpy(request.inputs[0]), dtype=np.float64)
        try:
            found = np.asarray(self._estimator.predict(rows))
            if self._datatype != BYTES:
                found = found.astype(DTYPES[self._datatype], copy=False)
            tensor = from_numpy(OUTPUT, found)
        except Exception as error:
            log.exception("predict failed")
            raise Internal(
                f"the model of '{self._source.deployment}' failed: {named_line(error)}", reason="PREDICTOR_ERROR"
            ) from error
        return InferResponse(outputs=(tensor,))


def _file(folder: Path) -> Path:
    for name in _PREFERRED:
        if (path := folder / name).is_file():
            return path
    found = sorted(path for path in folder.rglob("*") if path.suffix in (".joblib", ".pkl", ".pickle"))
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(path.relative_to(folder)) for path in found[:10])
    problem = f"holds several ({names})" if found else "has none"
    raise FailedPrecondition(
        f"a scikit-learn model is one *.joblib, *.pkl or *.pickle file, and the version {problem}; name the one to run "
        "model.joblib",
        reason="MODEL_NOT_LOADABLE",
    )


def _output(estimator: Any, features: int) -> tuple[str, tuple[int, ...]]:
    """Datatype of a prediction, and its shape behind the number of rows."""
    sample: Any = None
    if features > 0:
        try:
            sample = np.asarray(estimator.predict(np.zeros((1, features))))
        except Exception as error:  # noqa: BLE001  # whatever it is, a real request may do better than a row of zeros
            log.info("no prediction for a row of zeros (%s)", named_line(error))
    if sample is None:
        sample = np.asarray(getattr(estimator, "classes_", np.zeros(1)))[:1]
    kinds = {"b": "BOOL", "i": "INT64", "u": "INT64", "f": "FP64"}
    return kinds.get(sample.dtype.kind, BYTES), sample.shape[1:]
