"""What we ask of the place that keeps bytes."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

PART_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of one part: what an upload holds in memory."""

CHUNK_BYTES: Final = 1024 * 1024
"""Most bytes of one piece of a download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Something that the store holds: a content, or the parts of one upload together."""

    name: str
    """SHA-256 of a content; id of an upload."""

    size_bytes: int
    write_time: datetime
    """When it was last written to."""


class Blobs(Protocol):
    """Content, held once under its SHA-256, and the parts of uploads, which nobody sees as content.

    Every method may raise ResourceExhausted (the store is full) and Unavailable (it does not answer).
    """

    async def size(self, sha256: str) -> int | None:
        """Size of a content in bytes; None when it is not held."""

    async def received(self, upload_id: str) -> int:
        """Bytes of an upload that are stored, from 0 on and without a gap."""

    async def put_part(self, upload_id: str, offset: int, data: bytes) -> None:
        """Store a part for good. Raise Aborted when somebody else has stored one at that offset."""

    async def keep(self, upload_id: str, sha256: str, size_bytes: int) -> None:
        """Make the parts of an upload a content. It is seen all at once, or not at all.

        Raise DataLoss when their bytes are not those of the digest; the parts are left as they are.
        Raise Aborted when parts are missing.
        """

    async def drop(self, upload_id: str) -> None:
        """Remove the parts of an upload, the last one first, so that what a crash leaves has no gap."""

    def contents(self) -> AsyncIterator[Sequence[Stored]]:
        """All contents, a few at a time.

        What comes or goes during the listing is in it or not.
        """

    def uploads(self) -> AsyncIterator[Stored]:
        """All uploads that have parts; likewise."""

    async def remove(self, sha256: str, before: datetime) -> int | None:
        """Remove a content that was written at `before` or earlier. Its size; None, and it stays, when it was not."""

    async def sweep(self, before: datetime, *, dry_run: bool = False) -> tuple[int, int]:
        """Remove what writes that were torn before that time have left, neither content nor part: count and bytes."""

    def read(self, sha256: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Content from `offset` on, at most CHUNK_BYTES at a time. Raise DataLoss when it is not held."""
