"""Digits: 1797 handwritten digits in 8 × 8 pixels, each 0 to 16. Kept as ONNX, which runs without scikit-learn."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from servery_up.demo.example import Example, Tensor


def digits() -> Example:
    data = load_digits()
    seen, held_out, seen_labels, labels = train_test_split(
        data.data.astype(np.float32), data.target, test_size=0.3, random_state=7, stratify=data.target
    )

    def train(folder: Path) -> float:
        # A second to import, and not needed where the model is trained already.
        from skl2onnx import to_onnx  # noqa: PLC0415

        model = make_pipeline(MinMaxScaler(), LogisticRegression(max_iter=500)).fit(seen, seen_labels)
        # Without this option the probabilities are a list of maps, which is no tensor.
        onnx = to_onnx(model, seen[:1], options={"zipmap": False})
        (folder / "model.onnx").write_bytes(onnx.SerializeToString())
        return float(model.score(held_out, labels))

    return Example(
        name="digits",
        framework="onnx",
        input=Tensor(name="X", datatype="FP32", contents="fp32_contents"),
        output="label",
        classes=[str(digit) for digit in data.target_names],
        rows=held_out,
        labels=labels,
        train=train,
    )
