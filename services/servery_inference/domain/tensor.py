"""Tensors of the Open Inference Protocol, as views on bytes."""

from dataclasses import dataclass
from typing import Final

ITEM_BYTES: Final = {
    "BOOL": 1,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "FP16": 2,
    "BF16": 2,
    "FP32": 4,
    "FP64": 8,
}
"""Bytes of one element, for every datatype of fixed size. BYTES, the other one, has a length before each element."""

BYTES: Final = "BYTES"

DATATYPES: Final = frozenset({*ITEM_BYTES, BYTES})


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output of a request."""

    name: str
    datatype: str
    """One of DATATYPES, once the request is checked."""

    shape: tuple[int, ...]
    data: bytes | memoryview
    """Little-endian, row-major, without padding. An element of BYTES is a uint32 length and that many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """What a model takes or gives under one name."""

    name: str
    datatype: str
    """What the metadata says."""

    shape: tuple[int, ...]
    """-1 where any size goes."""

    accepts: frozenset[str] = frozenset()
    """Further datatypes that the backend converts by itself; for inputs only."""
