"""Arrays of numpy to and from raw contents. Numpy is never imported here: an array can only come where it is loaded."""

import struct
import sys
from collections.abc import Sequence
from typing import Any, Final

from servery.errors import InvalidArgument

DTYPES: Final = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "BF16": "<f4",  # numpy has none: the upper half of an FP32
    "FP32": "<f4",
    "FP64": "<f8",
}

# Kinds of numpy's dtypes that may become a datatype without a loss that nobody asked for. "V" is ml_dtypes' bfloat16.
_KINDS: Final = {"?": "b", "u": "iu", "i": "iu", "f": "iufV"}


def of(value: Any) -> Any:
    """The value as an array, when it is one or offers to become one (pandas, torch on the CPU); None otherwise."""
    numpy = sys.modules.get("numpy")
    if numpy is None or isinstance(value, str | bytes) or not hasattr(value, "__array__"):
        return None
    return numpy.asarray(value)


def encode(name: str, datatype: str, array: Any) -> tuple[list[int], bytes]:
    """Shape and raw contents. Raise InvalidArgument when the elements do not fit the datatype."""
    if datatype == "BYTES":
        return list(array.shape), _items(name, array)
    if datatype not in DTYPES:
        raise InvalidArgument(f"input {name!r} has datatype {datatype}, which this client does not know", field=name)
    dtype = DTYPES[datatype]
    kind = dtype.strip("<")[0]
    if array.dtype.kind not in _KINDS[kind]:
        raise InvalidArgument(
            f"input {name!r} is an array of {array.dtype}, but the model takes {datatype}: convert it with "
            f'.astype("{dtype}")',
            field=name,
        )
    ready = _converted(name, datatype, array, dtype)
    if datatype == "BF16":
        return list(array.shape), (ready.view("<u4") >> 16).astype("<u2").tobytes()
    return list(array.shape), ready.tobytes()


def decode(numpy: Any, datatype: str, shape: Sequence[int], raw: bytes) -> Any:
    """An array of the shape, the caller's own. BF16 becomes float32, BYTES an array of bytes objects."""
    if datatype == "BYTES":
        items, at = [], 0
        while at < len(raw):
            (size,) = struct.unpack_from("<I", raw, at)
            at += 4 + size
            items.append(raw[at - size : at])
        array = numpy.empty(len(items), dtype=object)
        array[:] = items
        return array.reshape(shape)
    if datatype == "BF16":
        upper = numpy.frombuffer(raw, dtype="<u2").astype("<u4")
        return (upper << 16).view("<f4").reshape(shape)
    return numpy.frombuffer(bytearray(raw), dtype=DTYPES[datatype]).reshape(shape)


def _converted(name: str, datatype: str, array: Any, dtype: str) -> Any:
    numpy = sys.modules["numpy"]
    with numpy.errstate(over="ignore", invalid="ignore"):  # ml_dtypes and float16 warn; what is lost is found below
        ready = numpy.ascontiguousarray(array.astype(dtype))
    lost = ready.reshape(array.shape) != array if ready.dtype.kind in "iu" else _overflown(numpy, ready, array)
    if lost is not None and lost.any():
        example = array[lost].flat[0]
        raise InvalidArgument(
            f"input {name!r} holds {example}, which is outside of the range of {datatype}", field=name
        )
    return ready


def _overflown(numpy: Any, ready: Any, array: Any) -> Any:
    if array.dtype.kind != "f" or ready.dtype.itemsize >= array.dtype.itemsize:
        return numpy.isinf(ready) if array.dtype.kind in "iu" else None
    return (numpy.isinf(ready) & numpy.isfinite(array.reshape(ready.shape))).reshape(array.shape)


def _items(name: str, array: Any) -> bytes:
    parts = []
    for item in array.reshape(-1).tolist():
        content = item.encode() if isinstance(item, str) else item
        if not isinstance(content, bytes):
            raise InvalidArgument(
                f"input {name!r} holds {item!r} ({type(item).__name__}), but BYTES takes strings and bytes", field=name
            )
        parts.append(struct.pack("<I", len(content)) + content)
    return b"".join(parts)
