"""Protobuf messages that models are kept in, known by their first fields: they have no magic bytes."""

from collections.abc import Iterator
from typing import Final

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# Numbers and kinds of the fields of ONNX's ModelProto.
_ONNX: Final = {
    1: _VARINT, 2: _BYTES, 3: _BYTES, 4: _BYTES, 5: _VARINT, 6: _BYTES, 7: _BYTES, 8: _BYTES, 14: _BYTES,
    20: _BYTES, 25: _BYTES, 26: _BYTES,
}  # fmt: skip
_MAX_IR_VERSION: Final = 100
_MAX_FIELDS: Final = 1000


def protobuf_format(head: bytes, size: int) -> str:
    """Say onnx or saved_model; empty for all else. Never raises."""
    try:
        fields = list(_fields(head, size))
    except ValueError:
        return ""
    numbers = {number for number, _, _ in fields}
    if not fields or fields[0][0] != 1 or fields[0][1] != _VARINT or not 1 <= fields[0][2] <= _MAX_IR_VERSION:
        return ""
    if numbers == {1, 2} and fields[0][2] == 1 and fields[1][1] == _BYTES:
        begin = fields[1][2]
        return "saved_model" if head[begin : begin + 1] in (b"\x0a", b"\x12") else ""
    if len(numbers) > 1 and numbers & {7, 8} and all(_ONNX.get(number) == kind for number, kind, _ in fields):
        return "onnx"
    return ""


def _fields(head: bytes, size: int) -> Iterator[tuple[int, int, int]]:
    """Number, kind, and value (of a varint) or begin (of bytes) of each field, until the head is over.

    Raise ValueError where it is no protobuf.
    """
    position = 0
    for _ in range(_MAX_FIELDS):
        if position >= len(head):
            return
        key, position = _varint(head, position)
        number, kind = key >> 3, key & 7
        if not number:
            raise ValueError("no field has the number 0")
        value = position
        if kind == _VARINT:
            value, position = _varint(head, position)
        elif kind == _BYTES:
            length, value = _varint(head, position)
            position = value + length
        elif kind in (_FIXED64, _FIXED32):
            position += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("no such kind")
        if position > size:
            raise ValueError("a field passes the end of the file")
        yield number, kind, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("cut short")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("too long")
