"""Iris: 150 flowers of three species by four lengths in cm. Kept as scikit-learn's own joblib file."""

from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from servery_up.demo.example import Example, Tensor


def iris() -> Example:
    data = load_iris()
    seen, held_out, seen_labels, labels = train_test_split(
        data.data, data.target, test_size=0.3, random_state=7, stratify=data.target
    )

    def train(folder: Path) -> float:
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(seen, seen_labels)
        joblib.dump(model, folder / "model.joblib")
        return float(model.score(held_out, labels))

    return Example(
        name="iris",
        framework="sklearn",
        input=Tensor(name="input-0", datatype="FP64", contents="fp64_contents"),
        output="predict",
        classes=[str(name) for name in data.target_names],
        rows=held_out,
        labels=labels,
        train=train,
    )
