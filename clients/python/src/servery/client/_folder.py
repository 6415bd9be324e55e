"""The files of a model on this machine."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servery.client._resources import File
from servery.client._transfer import CHUNK_BYTES, Tally
from servery.errors import FailedPrecondition, InvalidArgument


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is to be pushed."""

    path: str
    """Relative, "/" between folders: its path in the version."""

    where: Path
    size_bytes: int


def find(path: Path) -> list[Found]:
    """The file, or all files under the folder, ordered by path.

    Raise InvalidArgument when there is nothing, or something that can't be pushed: a symlink, a socket, a device.
    """
    if path.is_symlink() or not path.exists():
        raise InvalidArgument(_unfit(path), field="path")
    found = sorted(_walk(path, ""), key=lambda file: file.path) if path.is_dir() else [_file(path.name, path)]
    if not found:
        raise InvalidArgument(f"{path} holds no file; a version needs at least one", field="path")
    return found


def digest(found: Found, tally: Tally) -> File:
    """What the registry is told of a file. Raise FailedPrecondition when it changes while it is read."""
    sha256 = hashlib.sha256()
    done = 0
    with found.where.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            sha256.update(chunk)
            done += len(chunk)
            tally.at(found.path, done, found.size_bytes)
    if done != found.size_bytes:
        raise changed(found)
    tally.finished(found.path, done)
    return File(path=found.path, size_bytes=done, sha256=sha256.hexdigest())


def changed(found: Found) -> FailedPrecondition:
    """The error for a file that is not what it was when the push began."""
    return FailedPrecondition(
        f"{found.where} changed while it was being pushed: push again when nothing writes to it",
        subject=found.path,
        reason="FILE_CHANGED",
    )


def _walk(folder: Path, prefix: str) -> Iterator[Found]:
    with os.scandir(folder) as entries:
        for entry in entries:
            where = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(where, f"{prefix}{entry.name}/")
            else:
                yield _file(prefix + entry.name, where)


def _file(path: str, where: Path) -> Found:
    if where.is_symlink() or not where.is_file():
        raise InvalidArgument(_unfit(where), field="path")
    return Found(path, where, where.stat().st_size)


def _unfit(path: Path) -> str:
    if path.is_symlink():
        return f"{path} is a symlink: a model must not depend on what is outside of it; copy the file in its place"
    if not path.exists():
        return f"{path} does not exist"
    return f"{path} is neither a file nor a folder; only those can be pushed"
