"""Compressed files: which compression, and the first bytes of what is in them."""

import bz2
import lzma
import zlib
from typing import Final

INNER_BYTES: Final = 64 * 1024
"""How much of what is packed is unpacked for a look."""

_MAGIC: Final = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


def packed_format(head: bytes) -> str:
    """Say gzip, zlib, bz2, xz, lzma or lz4; empty for what is not compressed, as far as these go."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    # zlib has two bytes that are a multiple of 31; so have many others: what follows must unpack.
    weak = len(head) > 2 and head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0
    return "zlib" if weak and unpacked_head(head, "zlib") else ""


def unpacked_head(head: bytes, format_: str) -> bytes | None:
    """The first bytes of what is packed, at most INNER_BYTES; None when they are not to be had. Never raises."""
    try:
        match format_:
            case "gzip" | "zlib":
                return zlib.decompressobj(wbits=47).decompress(head, INNER_BYTES) or None
            case "bz2":
                return bz2.BZ2Decompressor().decompress(head, INNER_BYTES) or None
            case "xz" | "lzma":
                opened = lzma.LZMADecompressor(memlimit=128 * 1024 * 1024)
                return opened.decompress(head, INNER_BYTES) or None
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, MemoryError):
        pass
    return None
