"""Tensors as numpy arrays, and back. Numbers are viewed, not copied."""

import struct
from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from servery_inference.domain.tensor import BYTES, Tensor

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""Every datatype that numpy has: all but BF16 and BYTES."""

_DATATYPES: Final = {dtype: name for name, dtype in DTYPES.items()}
_LENGTH: Final = struct.Struct("<I")


def to_numpy(tensor: Tensor) -> np.ndarray[Any, Any]:
    """The array of a checked tensor: read-only, on the same memory. BYTES becomes an array of `bytes` objects.

    Raise ValueError for BF16, which numpy does not have.
    """
    if tensor.datatype == BYTES:
        items = np.empty(len(found := elements(tensor.data)), dtype=object)
        items[:] = found
        return items.reshape(tensor.shape)
    dtype = DTYPES.get(tensor.datatype)
    if dtype is None:
        raise ValueError(f"numpy has no {tensor.datatype}")
    return np.frombuffer(tensor.data, dtype=dtype).reshape(tensor.shape)


def from_numpy(name: str, array: np.ndarray[Any, Any]) -> Tensor:
    """The tensor of an array. Strings and objects become BYTES, their text in UTF-8.

    Raise ValueError when there is no datatype for it, as for complex numbers.
    """
    if array.dtype.kind in "OUS":
        return Tensor(name, BYTES, array.shape, join(_octets(item) for item in array.reshape(-1).tolist()))
    datatype = _DATATYPES.get(array.dtype.newbyteorder("<"))
    if datatype is None:
        raise ValueError(f"there is no datatype for an array of {array.dtype}")
    ordered = np.ascontiguousarray(array, dtype=DTYPES[datatype])
    # An empty array has no bytes to view, and memoryview refuses to cast it.
    data: bytes | memoryview = ordered.reshape(-1).view(np.uint8).data if ordered.size else b""
    return Tensor(name, datatype, array.shape, data)


def elements(data: bytes | memoryview) -> list[bytes]:
    """The elements of checked BYTES data."""
    found = []
    offset, end = 0, len(data)
    while offset < end:
        (size,) = _LENGTH.unpack_from(data, offset)
        offset += 4 + size
        found.append(bytes(data[offset - size : offset]))
    return found


def join(items: Iterable[bytes]) -> bytes:
    """BYTES data of elements."""
    return b"".join(part for item in items for part in (_LENGTH.pack(len(item)), item))


def _octets(item: object) -> bytes:
    return item if isinstance(item, bytes) else str(item).encode()
