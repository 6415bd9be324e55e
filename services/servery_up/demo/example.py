"""A data set that scikit-learn brings along, and a classifier for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or an output of a model, as the inference protocol names it."""

    name: str
    datatype: str
    contents: str
    """The field of typed contents that this datatype goes into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One model of the demo. The split into rows to learn from and rows held out is the same in every run."""

    name: str
    framework: str
    input: Tensor
    output: str
    """Name of the output that is the class, as its number."""

    classes: Sequence[str]
    """The word of each class."""

    rows: Any
    """Held out: an array of shape [n, features], of the datatype of the input."""

    labels: Any
    """True classes of the rows: integers of shape [n]."""

    train: Callable[[Path], float]
    """Learn, write the model into a folder, and answer the accuracy on the held-out rows, 0 to 1."""
