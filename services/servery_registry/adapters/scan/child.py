"""Looks for code in files, in a process of its own that may die of them.

    python -m servery_registry.adapters.scan.child FD MAX_BYTES MEMORY_BYTES CPU_S

FD is an open file. A line of JSON on standard input, {"path", "format"}, asks about what is in it; one on standard
output answers: {"format", "dangerous", "suspicious", "partly", "error"}. Nothing is ever unpickled.
"""

import bz2
import gc
import json
import logging
import lzma
import os
import pickletools
import resource
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final

from picklescan import scanner
from picklescan.relaxed_zipfile import RelaxedZipFile

from servery_registry.domain.opcodes import Answer, is_pickle

MAX_NAMES: Final = 8
MAX_OPCODES: Final = 2_000_000
_CHUNK: Final = 1024 * 1024
_TORCH_SUFFIXES: Final = (".pt", ".pth", ".bin", ".ckpt")
_ZIPS: Final = ("zip", "torch", "npz")
_OPENERS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": lambda: zlib.decompressobj(wbits=47),
    "zlib": lambda: zlib.decompressobj(wbits=47),
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
    "lzma": lzma.LZMADecompressor,
}


class _TooMuch(BaseException):
    """More than is followed. No Exception: picklescan catches those, and would call the rest clean."""


class _Opcodes:
    """Stands for pickletools in picklescan: bounded, since it keeps all opcodes in a list, and honest about errors."""

    def __init__(self) -> None:
        self.broken = False
        self._left = MAX_OPCODES

    def genops(self, data: IO[bytes]) -> Iterator[Any]:
        try:
            for each in pickletools.genops(data):
                self._left -= 1
                if self._left < 0:
                    break
                yield each
        except MemoryError as error:
            raise _TooMuch("it takes too much memory") from error
        except Exception:
            self.broken = True
            raise
        if self._left < 0:
            raise _TooMuch(f"it has more than {MAX_OPCODES} opcodes")


def look(content: IO[bytes], path: str, format_: str, max_bytes: int) -> dict[str, Any]:
    """Scan a content of which the first byte is next. Raises whatever the scanner does."""
    if format_ in ("7z", "lz4"):
        return _answer(format_, error=f"there is no reader for {format_} here")
    if format_ in _OPENERS:
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
    room = max_bytes
    opened = _OPENERS[format_]()
    data = packed.read(_CHUNK)
    try:
        while data or not getattr(opened, "needs_input", True):
            chunk = opened.decompress(data, _CHUNK)
            target.write(chunk[:room])
            room -= len(chunk)
            if room < 0:
                return True
            if opened.eof:  # another member may follow
                data = opened.unused_data or packed.read(_CHUNK)
                opened = _OPENERS[format_]()
            else:
                waiting = getattr(opened, "unconsumed_tail", b"") or not getattr(opened, "needs_input", True)
                data = getattr(opened, "unconsumed_tail", b"") if waiting else packed.read(_CHUNK)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return True  # what came before the damage is looked at
    return False


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
    gc.disable()  # millions of opcodes in a list, looked through again and again
    for line in sys.stdin:
        asked = json.loads(line)
        with os.fdopen(os.dup(fd), "rb") as content:
            content.seek(0)
            scanner.pickletools = opcodes = _Opcodes()
            try:
                answer = look(content, asked["path"], asked["format"], max_bytes)
                answer["partly"] |= opcodes.broken
            except (Exception, _TooMuch) as error:  # noqa: BLE001 - anyone's bytes go through somebody else's parser
                answer = _answer(asked["format"], error=f"{type(error).__name__.strip('_')}: {error}"[:300])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
