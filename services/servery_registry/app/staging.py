"""From a stream of pieces to stored parts."""

from servery_registry.app.shielded import to_the_end
from servery_registry.domain.blob import PART_BYTES, Blobs
from servery_registry.domain.file import File
from servery_registry.domain.upload import Piece, check_piece


class Staging:
    """Gathers pieces into parts of PART_BYTES and stores those; holds no more than one part in memory."""

    def __init__(self, blobs: Blobs, upload_id: str, file: File, received: int) -> None:
        self._blobs = blobs
        self._upload_id = upload_id
        self._size = file.size_bytes
        self._stored = received
        self._buffer = bytearray()

    async def add(self, piece: Piece) -> None:
        """Raise OutOfRange when the piece does not follow on, Aborted when somebody else writes the upload."""
        check_piece(piece, self._stored + len(self._buffer), self._size)
        rest = memoryview(piece.data)
        while rest:
            room = PART_BYTES - len(self._buffer)
            self._buffer += rest[:room]
            rest = rest[room:]
            if len(self._buffer) == PART_BYTES:
                await self.flush()

    async def flush(self) -> None:
        """Store what is gathered. What could not be stored is dropped: it was never counted."""
        if not self._buffer:
            return
        data, offset = bytes(self._buffer), self._stored
        self._buffer.clear()
        await to_the_end(self._blobs.put_part(self._upload_id, offset, data))
        self._stored += len(data)
