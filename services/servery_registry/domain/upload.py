"""The transfer of one file into a version, and what we ask of the place that keeps uploads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from servery.errors import FailedPrecondition, NotFound, OutOfRange
from servery_registry.domain.file import File


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload that has begun. A version has at most one for a path."""

    id: str
    """Unguessable."""

    version_id: str
    file: File
    """What results, as it was announced."""

    committed: bool
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload is."""

    upload_id: str
    file: File
    received_bytes: int
    """Bytes that are stored for good: where to write on."""

    committed: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file, and where in it they lie."""

    offset: int
    data: bytes


class Uploads(Protocol):
    """Where uploads are kept, without their bytes. Every method is part of the unit of work it is reached through."""

    async def add(self, upload: Upload) -> None:
        """Raise Aborted when another upload of the path has begun meanwhile."""

    async def get(self, upload_id: str) -> Upload:
        """Raise NotFound when there is none; also when another upload has replaced it."""

    async def of_path(self, version_id: str, path: str) -> Upload | None:
        """The upload of a path into a version, committed or not."""

    async def in_the_way(self, version_id: str, path: str) -> str | None:
        """A path with an upload into the version that is a folder of `path`, or has `path` for a folder; or None."""

    async def unfinished(self, version_id: str) -> str | None:
        """Path of an upload into the version that is not committed; None when there is none."""

    async def remove(self, upload_id: str) -> None:
        """Forget an upload."""

    async def set_committed(self, upload_id: str) -> None:
        """Write down that the file is part of its version."""

    async def restart(self, upload_id: str, new_id: str) -> None:
        """Give an upload another id, under which no byte is received yet. Nobody can write to it by the old one."""


def check_piece(piece: Piece, position: int, size: int) -> None:
    """Raise OutOfRange when a piece does not begin at `position`, or passes the size of the file."""
    if piece.offset != position:
        raise OutOfRange(
            f"the piece begins at {piece.offset}; write on from {position}, which is what is received so far",
            reason="WRONG_OFFSET",
            metadata={"received_bytes": str(position)},
        )
    if position + len(piece.data) > size:
        raise OutOfRange(
            f"the bytes end at {position + len(piece.data)}, the file at {size} as announced;"
            " begin the upload again with the right size",
            reason="PAST_THE_END",
            metadata={"size_bytes": str(size)},
        )


def must_not_be_in_the_way(path: str, other: str | None) -> None:
    """Raise FailedPrecondition when one path would be a file and a folder. `other`: the path in the way, or None."""
    if other is not None:
        raise FailedPrecondition(
            f"{path!r} and {other!r} can't both be files: one would be a folder too; rename one",
            subject=f"file {other}",
            reason="PATH_IN_THE_WAY",
            metadata={"path": other},
        )


def no_such_upload(upload_id: str) -> NotFound:
    return NotFound(
        f"there is no upload {upload_id}, or another one of its path has replaced it; begin it again",
        resource_type="upload",
        resource_name=upload_id,
        reason="UPLOAD_NOT_FOUND",
    )
