"""A scikit-learn model in Triton's Python backend: pushed there as model.py, beside the model's own file.

It runs in Triton's process, with Triton's packages, so it imports nothing of Servery's. Names and datatypes are those
of Servery's own sklearn backend: input-0, FP64, [rows, features]; predict, INT64, FP64 or BYTES.
"""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import triton_python_backend_utils as pb_utils  # type: ignore[import-not-found]  # exists inside Triton only

_DATATYPES = {"b": "TYPE_INT64", "i": "TYPE_INT64", "u": "TYPE_INT64", "f": "TYPE_FP64"}


def _load() -> Any:
    return joblib.load(Path(__file__).with_name("model.joblib"))


def _predict(model: Any, rows: Any) -> Any:
    """What the model says of the rows, in one of the three datatypes."""
    answer = np.asarray(model.predict(rows))
    match _DATATYPES.get(answer.dtype.kind):
        case "TYPE_INT64":
            return answer.astype(np.int64)
        case "TYPE_FP64":
            return answer.astype(np.float64)
    return np.array([str(label).encode() for label in answer.reshape(-1)], dtype=object).reshape(answer.shape)


class TritonPythonModel:
    """What Triton's Python backend looks for."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """Say what the model takes and gives; it is asked before it is initialised."""
        model = _load()
        features = getattr(model, "n_features_in_", None)
        if features is None:
            raise pb_utils.TritonModelException(
                f"{type(model).__name__} does not say how many features it takes (n_features_in_): it is not fitted, "
                "or takes no table of numbers"
            )
        # Asked, not looked up: labels, regressions and clusters keep their type in different places.
        answer = _predict(model, np.zeros((1, int(features))))
        config.set_max_batch_size(0)
        config.add_input({"name": "input-0", "data_type": "TYPE_FP64", "dims": [-1, int(features)]})
        datatype = _DATATYPES.get(answer.dtype.kind, "TYPE_STRING")
        config.add_output({"name": "predict", "data_type": datatype, "dims": [-1, *answer.shape[1:]]})
        return config

    def initialize(self, _arguments: Any) -> None:
        self._model = _load()

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        rows = pb_utils.get_input_tensor_by_name(request, "input-0").as_numpy()
        try:
            answer = _predict(self._model, rows)
        except ValueError as error:  # what scikit-learn raises of rows that it does not take, such as NaN
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG))
        return pb_utils.InferenceResponse([pb_utils.Tensor("predict", answer)])
