"""What a model takes and gives, as its author says."""

from dataclasses import dataclass, field
from typing import Final

MAX_TERM: Final = 255
"""Most characters of a column's or tensor's name, and of its type."""

MAX_SCHEMA_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str = ""
    """Empty where columns go by position."""

    type: str
    """As the author's library calls it."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor."""

    name: str = ""
    """Empty where tensors go by position."""

    type: str
    """As the author's library calls it."""

    shape: tuple[int, ...]
    """Sizes of the dimensions, -1 where any goes."""

    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Columns of a table, or tensors; not both. Neither: nothing is said."""

    columns: tuple[Column, ...] = ()
    tensors: tuple[Tensor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSchema:
    """What a model takes and gives."""

    input: Schema = field(default_factory=Schema)
    output: Schema = field(default_factory=Schema)
