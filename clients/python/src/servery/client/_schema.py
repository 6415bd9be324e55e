"""What a model takes and gives, and where it comes from, as its author says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str = ""
    """Empty where columns go by position."""

    type: str
    """As the author's library calls it, such as "float64" or "string"."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSchema:
    """One tensor."""

    name: str = ""
    """Empty where tensors go by position."""

    type: str
    """As the author's library calls it, such as "float32"."""

    shape: tuple[int, ...]
    """Sizes of the dimensions, -1 where any goes."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Columns of a table, or tensors; not both."""

    columns: tuple[Column, ...] = ()
    tensors: tuple[TensorSchema, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSchema:
    """What a model takes and gives."""

    input: Schema | None = None
    output: Schema | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a model comes from. Every text has at most 1000 characters."""

    program: str = ""
    """The program that trained it, such as a path, a notebook or a commit."""

    environment: str = ""
    """The environment it was trained in, such as an image or a lock file."""

    training_dataset: str = ""
    training_dataset_version: int = 0
    """0 when the training dataset has no version."""

    feature_view: str = ""
    feature_view_version: int = 0
    """0 when the feature view has no version."""

    links: Mapping[str, str] = field(default_factory=dict)
    """Further links: name to URI or text; at most 100."""
