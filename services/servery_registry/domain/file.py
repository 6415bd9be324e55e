"""A file of a version, the grammar of its path, and what we ask of the place that keeps files."""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from servery.errors import NotFound
from servery_registry.domain.listing import Listing, Window

MAX_PATH: Final = 1024
MAX_SIZE: Final = 2**63 - 1

_SEGMENT = re.compile(r"[A-Za-z0-9_.+=@ -]{1,255}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a version."""

    path: str
    """Relative to the version, unique within it; see `path_problem`."""

    size_bytes: int
    sha256: str
    """Digest of the content, 64 lower-case hexadecimal digits: the name under which the content is stored."""


class Files(Protocol):
    """Where files are kept, without their content. Every method is part of the unit of work it is reached through."""

    async def put(self, version_id: str, file: File) -> File | None:
        """Add a file, or put it in the place of the one of its path, which is given back."""

    async def get(self, version_id: str, path: str) -> File | None:
        """None when the version has no file of that path."""

    async def list(self, version_id: str, window: Window[str]) -> Listing[File]:
        """Files of a version, ordered by path."""


def path_problem(path: str) -> str | None:
    """What is wrong with a path, for a person; None when nothing is.

    Nothing that a file system or an object store could read in its own way gets through: no "..", no empty segment,
    no backslash, no percent sign, no control character, nothing beyond ASCII, no trailing dot (Windows drops it).
    """
    if not path:
        return "must not be empty"
    if len(path) > MAX_PATH:
        return f"must be at most {MAX_PATH} characters, is {len(path)}"
    for segment in path.split("/"):
        if not segment:
            return 'must be relative and have no empty segment: no "/" at its ends, no "//" in it'
        if not _SEGMENT.fullmatch(segment):
            return f"may hold letters, digits and _.+=@- and spaces, 1 to 255 a segment; {segment[:64]!r} is not so"
        if segment.endswith(".") or segment[0] == " " or segment[-1] == " ":
            return f"must have no segment that ends with a dot or begins or ends with a space; {segment[:64]!r} does"
    return None


def folders_of(path: str) -> list[str]:
    """The folders a path lies in, outermost first: "a" and "a/b" for "a/b/c"."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


def no_such_file(model: str, number: int, path: str) -> NotFound:
    return NotFound(
        f"version {number} of model {model} has no file {path!r}; list its files for what there is",
        resource_type="file",
        resource_name=path,
        reason="FILE_NOT_FOUND",
    )
