"""What a file is, by its first bytes. No suffix is looked at, and nothing is executed.

Formats: empty, pickle, torch, npz, zip, 7z, gzip, zlib, bz2, xz, lzma, lz4, hdf5, onnx, safetensors, gguf, ubjson, npy,
saved_model, lightgbm, json, script, executable, bytecode, png, jpeg, text, and unknown for all else.
"""

import json
from dataclasses import dataclass
from typing import Final

from servery_registry.domain.opcodes import Answer, is_pickle
from servery_registry.domain.packed import packed_format, unpacked_head
from servery_registry.domain.protobuf import protobuf_format

HEAD_BYTES: Final = 1024 * 1024
"""How much of a file is looked at."""

_MAGIC: Final = (
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"GGUF", "gguf"),
    (b"\x93NUMPY", "npy"),
    (b"\x7fELF", "executable"),
    (b"\xfe\xed\xfa\xce", "executable"),
    (b"\xfe\xed\xfa\xcf", "executable"),
    (b"\xce\xfa\xed\xfe", "executable"),
    (b"\xcf\xfa\xed\xfe", "executable"),
    (b"\xca\xfe\xba\xbe", "executable"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"tree\nversion=", "lightgbm"),
    (b"tree\r\nversion=", "lightgbm"),
    (b"#!", "script"),
)
_CARRIERS: Final = frozenset({"pickle", "torch", "npz", "zip", "7z"})
_UBJSON_KEY: Final = frozenset(b"iUIlL")
_MAX_SAFETENSORS_HEADER: Final = 100_000_000
_CONTROL: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


@dataclass(frozen=True, slots=True)
class Content:
    """What a content is."""

    format: str
    may_hold_code: bool
    """Whether a scanner should read all of it."""


def sniff(head: bytes, size: int) -> Content:
    """The format of a content of `size` bytes by its first ones, all or HEAD_BYTES. Never raises."""
    if size == 0:
        return Content("empty", may_hold_code=False)
    answer = is_pickle(head, whole=len(head) >= size)
    if answer is Answer.PICKLE:
        return Content("pickle", may_hold_code=True)
    if packed := packed_format(head):
        inner = unpacked_head(head, packed)
        unclear = inner is None or packed_format(inner) != ""  # one can be packed in itself: no deeper
        return Content(packed, may_hold_code=unclear or sniff(inner or b"", HEAD_BYTES * 2).may_hold_code)
    found = _plain_format(head, size)
    holds_objects = found == "npy" and b"O" in _npy_dtype(head)
    return Content(found, may_hold_code=answer is Answer.UNCLEAR or found in _CARRIERS or holds_objects)


def _plain_format(head: bytes, size: int) -> str:
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return (
        _zip_format(head)
        or _program_format(head)
        or _text_format(head, size)  # before those that are told by few bytes, which all hold some that no text has
        or _safetensors(head, size)
        or _ubjson(head)
        or _superblock(head)
        or protobuf_format(head, size)
        or "unknown"
    )


def _zip_format(head: bytes) -> str:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ""
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name.endswith(b"/data.pkl"):
        return "torch"
    return "npz" if name.endswith(b".npy") else "zip"


def _program_format(head: bytes) -> str:
    if head.startswith(b"MZ") and head[60:64]:  # an offset, at which the header itself begins
        begin = int.from_bytes(head[60:64], "little")
        return "executable" if head[begin : begin + 4] == b"PE\0\0" else ""
    # CPython 3: a number that rises with the versions, and a line end that a text transfer would spoil.
    return "bytecode" if head[2:4] == b"\r\n" and 3000 <= int.from_bytes(head[:2], "little") < 4000 else ""


def _safetensors(head: bytes, size: int) -> str:
    length = int.from_bytes(head[:8], "little")
    fits = 2 <= length <= min(size - 8, _MAX_SAFETENSORS_HEADER)
    return "safetensors" if fits and head[8:9] == b"{" and head[9:].lstrip(b" ")[:1] in (b'"', b"}") else ""


def _ubjson(head: bytes) -> str:
    """An object that begins with a key, or with the type or the count of its values."""
    if head[:1] != b"{" or len(head) < 3:
        return ""
    if head[1] in _UBJSON_KEY:
        width = {ord("i"): 1, ord("U"): 1, ord("I"): 2, ord("l"): 4, ord("L"): 8}[head[1]]
        length = int.from_bytes(head[2 : 2 + width], "big")
        return "ubjson" if 0 < length <= 1024 and len(head) > 2 + width + length else ""
    return "ubjson" if head[1:2] in (b"$", b"#") and 0 < head[2] < 0x80 else ""


def _superblock(head: bytes) -> str:
    """HDF5 behind a block of the user's own, which has a size of 512 · 2ⁿ."""
    places = (512 << n for n in range(11))
    return "hdf5" if any(head[place : place + 8] == b"\x89HDF\r\n\x1a\n" for place in places) else ""


def _text_format(head: bytes, size: int) -> str:
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) >= size or error.start < len(head) - 4:  # not a character that the end of the head cuts in two
            return ""
        text = head[: error.start].decode("utf-8-sig", errors="replace")
    if not _CONTROL.isdisjoint(head):
        return ""
    if text.lstrip()[:1] not in ("{", "["):
        return "text"
    if len(head) < size:
        return "json"  # as far as anyone can tell without reading it
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "text"
    return "json"


def _npy_dtype(head: bytes) -> bytes:
    """What stands behind 'descr' in the header of an .npy file."""
    return head[:65536].partition(b"'descr':")[2].partition(b"'fortran_order'")[0]
