"""Contents on this machine, by digest: what was downloaded once is not fetched again.

    SERVERY_CACHE/          ~/.cache/servery if not set
        blobs/ab/ab12…      contents; the name is the SHA-256
        parts/ab12…         downloads that are under way, or were broken off
        pushes/…            what an interrupted push needs to go on; see _push.py

Many processes may use it at once. Contents are verified whenever they are read, so one that was damaged, or changed by
somebody, is dropped and fetched again. What was used last longest ago goes first when SERVERY_CACHE_BYTES is passed.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from servery.client._transfer import CHUNK_BYTES
from servery.errors import InvalidArgument

FOLDER: Final = "SERVERY_CACHE"
LIMIT: Final = "SERVERY_CACHE_BYTES"
DEFAULT_LIMIT_BYTES: Final = 10 * 1024**3


@dataclass(frozen=True, slots=True)
class Cache:
    """Contents by digest."""

    folder: Path
    limit_bytes: int
    """Of contents and parts together; 0 keeps nothing."""

    def copy_to(self, sha256: str, size_bytes: int, stream: BinaryIO, at: Callable[[int], None]) -> bool:
        """Write a content to the stream and tell how far it is. False when there is none, or it was damaged."""
        blob = self._blob(sha256)
        digest = hashlib.sha256()
        done = 0
        try:
            source = blob.open("rb")
        except OSError:
            return False
        with source:
            if os.fstat(source.fileno()).st_size == size_bytes:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    stream.write(chunk)
                    done += len(chunk)
                    at(done)
        if digest.hexdigest() != sha256:
            stream.seek(0)
            stream.truncate()
            with suppress(OSError):
                blob.unlink()
            return False
        with suppress(OSError):  # gone meanwhile, or not ours to touch
            os.utime(blob)
        return True

    @contextmanager
    def part(self, sha256: str, size_bytes: int) -> Iterator["Part | None"]:
        """A place for a download, with the bytes that an earlier one left.

        None when the content is larger than the cache may be, when somebody else downloads the same one just now, or
        when there is no writing to the folder.
        """
        path = self.folder / "parts" / sha256
        stream = open_private(path) if self.limit_bytes and size_bytes <= self.limit_bytes else None
        if stream is None:
            yield None
            return
        with stream:
            yield Part(path, self._blob(sha256), stream)

    def trim(self) -> None:
        """Remove what was used last longest ago until the limit is kept."""
        found = sorted(self._entries(), key=lambda entry: entry[1].st_mtime)
        total = sum(stat.st_size for _, stat in found)
        for path, stat in found:
            if total <= self.limit_bytes:
                return
            with suppress(OSError):  # somebody else was faster; readers keep what they have open
                path.unlink()
            total -= stat.st_size

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in (*self.folder.glob("blobs/*/*"), *self.folder.glob("parts/*")):
            with suppress(FileNotFoundError):
                yield path, path.stat()

    def _blob(self, sha256: str) -> Path:
        return self.folder / "blobs" / sha256[:2] / sha256


@dataclass(frozen=True, slots=True)
class Part:
    """A download that is under way; nobody else writes to it."""

    path: Path
    blob: Path
    stream: BinaryIO
    """Open for reading and writing."""

    def digest_so_far(self, size_bytes: int) -> "tuple[int, hashlib._Hash]":
        """How many bytes are there and the digest of them; the stream stands behind them."""
        sha256, done = hashlib.sha256(), 0
        self.stream.seek(0)
        while chunk := self.stream.read(CHUNK_BYTES):
            sha256.update(chunk)
            done += len(chunk)
        if done > size_bytes:
            self.drop()
            return 0, hashlib.sha256()
        return done, sha256

    def drop(self) -> None:
        """Forget the bytes."""
        self.stream.seek(0)
        self.stream.truncate()

    def keep(self) -> None:
        """Make it a content; the caller has verified the digest."""
        self.stream.flush()
        with suppress(OSError):  # trimmed away meanwhile: the next one downloads it again
            self.blob.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(self.blob)


def cache() -> Cache:
    """The cache that the environment names. Raise InvalidArgument when the limit is no number of bytes."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(os.environ.get(FOLDER) or Path(home, "servery")).expanduser().absolute()
    limit = os.environ.get(LIMIT, "").strip() or str(DEFAULT_LIMIT_BYTES)
    if not limit.isascii() or not limit.isdigit():
        raise InvalidArgument(f"{LIMIT} must be a number of bytes, not {limit!r}", field=LIMIT)
    return Cache(folder, int(limit))


def open_private(path: Path) -> BinaryIO | None:
    """A file for reading and writing that nobody else has open so.

    None when somebody has, where files can't be locked, or when there is no writing to the folder.
    """
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415  # there is none on Windows

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
    except OSError:
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
            return stream
    except OSError:
        pass
    stream.close()  # another has it, or has just renamed or removed it
    return None
