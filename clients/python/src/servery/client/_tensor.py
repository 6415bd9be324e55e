"""Tensors of the Open Inference Protocol to and from lists, without numpy, and to and from arrays where it is there.

Raw contents are little-endian, row-major, without padding. What can't be a tensor is InvalidArgument that names it.
"""

import base64
import binascii
import importlib
import math
import struct
import sys
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from servery.client import _ndarray
from servery.errors import InvalidArgument

StructError = struct.error

FORMATS: Final = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""Format of one element for `struct`. BF16 and BYTES have none, and are written out below."""

_FLOATS: Final = frozenset({"FP16", "BF16", "FP32", "FP64"})

# Types that need no second look, element by element; whole numbers take int alone.
_EXACT: Final[dict[str, set[type]]] = {"BOOL": {bool}, **{key: {float, int} for key in _FLOATS}}


def encode(name: str, datatype: str, value: Any) -> tuple[list[int], bytes]:
    """Shape and raw contents of a value: nested lists, or anything that numpy takes for an array."""
    array = _ndarray.of(value)
    if array is not None:
        return _ndarray.encode(name, datatype, array)
    shape, flat = flatten(name, value)
    return shape, pack(name, datatype, shape, flat)


def flatten(name: str, value: Any) -> tuple[list[int], list[Any]]:
    """Shape of nested lists, and their elements in row-major order. Raise InvalidArgument when they are ragged."""
    shape: list[int] = []
    level: list[Any] = [value]
    while level and isinstance(level[0], list | tuple):
        size = len(level[0])
        for number, item in enumerate(level):
            if not isinstance(item, list | tuple):
                raise InvalidArgument(
                    f"input {name!r} is ragged: {_at(shape, number)} is one value, where others are lists", field=name
                )
            if len(item) != size:
                raise InvalidArgument(
                    f"input {name!r} is ragged: {_at(shape, number)} has {len(item)} elements, others have {size}",
                    field=name,
                )
        shape.append(size)
        level = list(chain.from_iterable(level))
    for number, item in enumerate(level):
        if isinstance(item, list | tuple):
            raise InvalidArgument(
                f"input {name!r} is ragged: {_at(shape, number)} is a list, where others are one value", field=name
            )
    return shape, level


def pack(name: str, datatype: str, shape: Sequence[int], flat: Sequence[Any]) -> bytes:
    """Raw contents of the elements. Raise InvalidArgument that names the first which is not of the datatype."""
    if datatype == "BYTES":
        return b"".join(_item(name, shape, number, value) for number, value in enumerate(flat))
    if datatype not in FORMATS and datatype != "BF16":
        raise InvalidArgument(f"input {name!r} has datatype {datatype}, which this client does not know", field=name)
    ready = flat
    if not set(map(type, flat)) <= _EXACT.get(datatype, {int}):
        ready = [_element(name, datatype, shape, number, value) for number, value in enumerate(flat)]
    if datatype == "BF16":
        # The upper half of an FP32, as tritonclient writes it: the lower bits are cut off, not rounded.
        raw = _packed(name, datatype, shape, ready)
        return b"".join(raw[at + 2 : at + 4] for at in range(0, len(raw), 4))
    return _packed(name, datatype, shape, ready)


def unpack(datatype: str, shape: Sequence[int], raw: bytes) -> list[Any]:
    """Elements of raw contents, in row-major order; those of BYTES are bytes."""
    if datatype == "BYTES":
        return _items(raw)
    if datatype == "BF16":
        return list(
            struct.unpack(f"<{len(raw) // 2}f", b"".join(b"\0\0" + raw[at : at + 2] for at in range(0, len(raw), 2)))
        )
    count = math.prod(shape)
    return list(struct.unpack(f"<{count}{FORMATS[datatype]}", raw))


def nested(shape: Sequence[int], flat: list[Any]) -> Any:
    """Elements as nested lists of that shape; the one element itself when the shape is []."""
    if not shape:
        return flat[0]
    for size in reversed(shape[1:]):
        count = len(flat) // size if size else math.prod(shape[: len(shape) - 1])
        flat = [flat[at * size : (at + 1) * size] for at in range(count)]
    return flat


def numpy() -> Any:
    """Numpy, or None where it is not installed. The SDK needs it for nothing but answers as arrays."""
    if "numpy" in sys.modules:
        return sys.modules["numpy"]
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


def _packed(name: str, datatype: str, shape: Sequence[int], flat: Sequence[Any]) -> bytes:
    code = FORMATS["FP32" if datatype == "BF16" else datatype]
    try:
        return struct.pack(f"<{len(flat)}{code}", *flat)
    except (struct.error, OverflowError, TypeError, ValueError):
        for number, value in enumerate(flat):
            try:
                struct.pack(f"<{code}", value)
            except (struct.error, OverflowError, TypeError, ValueError) as error:
                raise _wrong(name, datatype, shape, number, value) from error
        raise


def _element(name: str, datatype: str, shape: Sequence[int], number: int, value: Any) -> Any:
    kind = type(value)
    if datatype == "BOOL":
        fits = kind is bool
    elif datatype in _FLOATS:
        fits = kind is float or kind is int or (kind is not bool and hasattr(kind, "__float__") and kind is not str)
    elif kind is float and value.is_integer():
        return int(value)  # JSON does not tell 1.0 from 1
    else:
        fits = kind is int or (kind is not bool and hasattr(kind, "__index__"))
    if not fits:
        raise _wrong(name, datatype, shape, number, value)
    return value


def _item(name: str, shape: Sequence[int], number: int, value: Any) -> bytes:
    match value:
        case str():
            content = value.encode()
        case bytes() | bytearray() | memoryview():
            content = bytes(value)
        case {"b64": str(text)} if len(value) == 1:
            try:
                content = base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise _wrong(name, "BYTES", shape, number, value) from error
        case _:
            raise _wrong(name, "BYTES", shape, number, value)
    return struct.pack("<I", len(content)) + content


def _items(raw: bytes) -> list[Any]:
    items, at = [], 0
    while at < len(raw):
        (size,) = struct.unpack_from("<I", raw, at)
        at += 4 + size
        items.append(raw[at - size : at])
    return items


_TAKES: Final = {"BOOL": "true or false", "BYTES": 'a string, bytes, or {"b64": "…"}'}


def _wrong(name: str, datatype: str, shape: Sequence[int], number: int, value: Any) -> InvalidArgument:
    takes = _TAKES.get(datatype) or ("a number" if datatype in _FLOATS else "a whole number")
    if datatype not in _TAKES and isinstance(value, int | float) and not isinstance(value, bool):
        takes += " in its range"
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return InvalidArgument(
        f"input {name!r}: {_at(shape, number)} is {shown} ({type(value).__name__}), but {datatype} takes {takes}",
        field=name,
    )


def _at(shape: Sequence[int], number: int) -> str:
    """Name a position in row-major order, as in "element [0][2]"."""
    index: list[int] = []
    for size in reversed(shape):
        number, rest = divmod(number, size)
        index.append(rest)
    return "element " + "".join(f"[{each}]" for each in reversed(index)) if index else "the value"
