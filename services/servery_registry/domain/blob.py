"""What we ask of the place that keeps bytes."""

from collections.abc import AsyncGenerator
from typing import Final, Protocol

PART_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of one part: what an upload holds in memory."""

CHUNK_BYTES: Final = 1024 * 1024
"""Most bytes of one piece of a download."""


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

    def read(self, sha256: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Content from `offset` on, at most CHUNK_BYTES at a time. Raise DataLoss when it is not held."""
