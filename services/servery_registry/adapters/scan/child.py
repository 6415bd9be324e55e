"""Looks for code in files, in a process of its own that may die of them.

    python -m servery_registry.adapters.scan.child FD MAX_BYTES MEMORY_BYTES CPU_S

FD is an open file. A line of JSON on standard input, {"path", "format"}, asks about what is in it; one on standard
output answers: {"format", "dangerous", "suspicious", "partly", "error"}. Nothing is ever unpickled.
"""

import bz2
import gzip
import json
import logging
import lzma
import os
import resource
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, cast

from picklescan import scanner
from picklescan.relaxed_zipfile import RelaxedZipFile

from servery_registry.domain.opcodes import Answer, is_pickle

MAX_NAMES: Final = 8
_CHUNK: Final = 1024 * 1024
_TORCH_SUFFIXES: Final = (".pt", ".pth", ".bin", ".ckpt")
_ZIPS: Final = ("zip", "torch", "npz")
_OPENERS: Final = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open, "lzma": lzma.open}


def look(content: IO[bytes], path: str, format_: str, max_bytes: int) -> dict[str, Any]:
    """Scan a content of which the first byte is next. Raises whatever the scanner does."""
    if format_ in ("7z", "lz4"):
        return _answer(format_, error=f"there is no reader for {format_} here")
    if format_ in _OPENERS or format_ == "zlib":
        with tempfile.TemporaryFile() as unpacked:
            partly = _unpack(content, format_, unpacked, max_bytes)
            unpacked.seek(0)
            zipped = unpacked.read(4) == b"PK\x03\x04"
            unpacked.seek(0)
            inner = look(unpacked, "", "zip" if zipped else "unknown", max_bytes)
        return inner | {"format": format_, "partly": partly or inner["partly"]}
    if format_ in _ZIPS:
        _refuse_bomb(content, max_bytes)
        return _of(scanner.scan_zip_bytes(content, path), format_)
    if format_ == "npy":
        return _of(scanner.scan_numpy(content, path), format_)
    if is_pickle(content, whole=True) is not Answer.PICKLE:
        return _answer(format_)
    content.seek(0)
    suffix = next((each for each in _TORCH_SUFFIXES if path.endswith(each)), None)
    return _of(scanner.scan_bytes(content, path, suffix), "pickle")


def _of(result: scanner.ScanResult, format_: str) -> dict[str, Any]:
    names: dict[scanner.SafetyLevel, set[str]] = {level: set() for level in scanner.SafetyLevel}
    for each in result.globals:
        names[each.safety].add(f"{each.module}.{each.name}"[:100])
    return _answer(
        format_,
        dangerous=sorted(names[scanner.SafetyLevel.Dangerous])[:MAX_NAMES],
        suspicious=sorted(names[scanner.SafetyLevel.Suspicious])[:MAX_NAMES],
        partly=result.scan_err,
    )


def _answer(format_: str, **given: Any) -> dict[str, Any]:
    nothing = {"format": format_, "dangerous": [], "suspicious": [], "partly": False, "error": ""}
    return nothing | given


def _unpack(packed: IO[bytes], format_: str, target: IO[bytes], max_bytes: int) -> bool:
    """Unpack at most `max_bytes`; answer whether that was not all."""
    written = 0
    try:
        for chunk in _chunks(packed, format_):
            target.write(chunk[: max_bytes - written])
            written += len(chunk)
            if written > max_bytes:
                return True
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return True  # what came before the damage is looked at
    return False


def _chunks(packed: IO[bytes], format_: str) -> Iterator[bytes]:
    if format_ == "zlib":
        opened = zlib.decompressobj()
        data = packed.read(_CHUNK)
        while data and not opened.eof:
            yield opened.decompress(data, _CHUNK)
            data = opened.unconsumed_tail or packed.read(_CHUNK)
        return
    open_ = cast("Callable[[IO[bytes]], IO[bytes]]", _OPENERS[format_])
    with open_(packed) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _refuse_bomb(content: IO[bytes], max_bytes: int) -> None:
    with RelaxedZipFile(content, "r") as archive:
        size = sum(each.file_size for each in archive.infolist())
    content.seek(0)
    if size > max_bytes * 4:
        raise ValueError(f"unpacked it would have {size} bytes")


def main() -> None:
    """Answer until there are no more questions."""
    fd, max_bytes, memory_bytes, cpu_s = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes + _CHUNK, max_bytes + _CHUNK))
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        asked = json.loads(line)
        with os.fdopen(os.dup(fd), "rb") as content:
            content.seek(0)
            try:
                answer = look(content, asked["path"], asked["format"], max_bytes)
            except Exception as error:  # noqa: BLE001 - bytes of anyone's making go through a parser of somebody else's
                answer = _answer(asked["format"], error=f"the scanner failed: {type(error).__name__}: {error}"[:300])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
