"""Small real models that tests register, and what they answer when asked without any server."""

from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


@dataclass(frozen=True)
class Trained:
    """A model's files, rows it has not seen, and its own answers to them."""

    folder: Path
    rows: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    accuracy: float


def iris(folder: Path) -> Trained:
    """A classifier of iris flowers, as a joblib file: four FP64 features, an INT64 label."""
    model, rows, labels = _trained(load_iris(return_X_y=True), LogisticRegression(max_iter=1000))
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    return Trained(folder, rows, labels, model.predict(rows), float(model.score(rows, labels)))


def digits(folder: Path) -> Trained:
    """A classifier of handwritten digits, as ONNX: 64 FP32 features in `X`; `label` and `probabilities` out."""
    data = load_digits(return_X_y=True)
    model, rows, labels = _trained(data, MLPClassifier((32,), max_iter=60, random_state=0))
    rows = rows.astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    content = to_onnx(model, rows[:1], options={"zipmap": False})
    (folder / "model.onnx").write_bytes(content.SerializeToString())
    return Trained(folder, rows, labels, model.predict(rows), float(model.score(rows, labels)))


def _trained(data, model):
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    train_x, test_x, train_y, test_y = train_test_split(*data, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # good enough is good enough here
        model.fit(train_x, train_y)
    return model, test_x, test_y
