"""Blobs in an object store, or a folder, through obstore.

    sha256/ab/cd/<hex>            content
    uploads/<upload>/<offset>     parts; the offset has 20 digits, so that names are in the order of the bytes

Only digests and ids of our own become keys: no name that a caller chose ever reaches the store.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from servery.errors import Aborted, DataLoss, ResourceExhausted, ServeryError, Unavailable
from servery_registry.adapters.blobs import torn
from servery_registry.domain.blob import CHUNK_BYTES, PART_BYTES, Stored
from servery_registry.domain.file import is_sha256

_LISTED: Final = 500
"""Keys that a listing holds in memory at a time."""


class StoredBlobs:
    """Blobs in an obstore store."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def size(self, sha256: str) -> int | None:
        with _translated():
            try:
                return int((await obstore.head_async(self._store, _content(sha256)))["size"])
            except FileNotFoundError:
                return None

    async def received(self, upload_id: str) -> int:
        end = 0
        for offset, size, _ in await self._parts(upload_id):
            if offset != end:
                break
            end += size
        return end

    async def put_part(self, upload_id: str, offset: int, data: bytes) -> None:
        key = f"{_parts(upload_id)}/{offset:020}"
        with _translated():
            try:
                await obstore.put_async(self._store, key, data, mode="create")
            except AlreadyExistsError as error:
                raise Aborted(
                    f"somebody else is writing upload {upload_id}; get the upload again and write on from there",
                    reason="UPLOAD_BUSY",
                ) from error
            await self._settle(key)

    async def keep(self, upload_id: str, sha256: str, size_bytes: int) -> None:
        key = _content(sha256)
        with _translated():
            try:
                # An error out of the iterator aborts the upload: the content is not seen before its last byte is in.
                await obstore.put_async(
                    self._store, key, self._assembled(upload_id, sha256, size_bytes), chunk_size=PART_BYTES
                )
            except FileNotFoundError as error:
                raise Aborted(
                    f"parts of upload {upload_id} went away; get the upload again and write on from there",
                    reason="UPLOAD_BUSY",
                ) from error
            await self._settle(key)

    async def drop(self, upload_id: str) -> None:
        for _, _, key in reversed(await self._parts(upload_id)):
            with _translated():
                try:
                    await obstore.delete_async(self._store, key)
                except FileNotFoundError:
                    continue  # somebody else was faster

    async def contents(self) -> AsyncIterator[Sequence[Stored]]:
        with _translated():
            async for found in obstore.list(self._store, prefix="sha256", chunk_size=_LISTED):
                names = ((str(each["path"]).rpartition("/")[2], each) for each in found)
                yield [
                    Stored(name=name, size_bytes=int(each["size"]), write_time=each["last_modified"])
                    for name, each in names
                    if is_sha256(name)
                ]

    async def uploads(self) -> AsyncIterator[Stored]:
        # A listing is in the order of the keys, or folder by folder: the parts of an upload follow one another.
        upload: Stored | None = None
        with _translated():
            async for found in obstore.list(self._store, prefix="uploads", chunk_size=_LISTED):
                for each in found:
                    part = Stored(
                        name=str(each["path"]).split("/")[1],
                        size_bytes=int(each["size"]),
                        write_time=each["last_modified"],
                    )
                    if upload is None or upload.name != part.name:
                        if upload is not None:
                            yield upload
                        upload = part
                    else:
                        upload = Stored(
                            name=upload.name,
                            size_bytes=upload.size_bytes + part.size_bytes,
                            write_time=max(upload.write_time, part.write_time),
                        )
        if upload is not None:
            yield upload

    async def remove(self, sha256: str, before: datetime) -> int | None:
        with _translated():
            try:
                found = await obstore.head_async(self._store, _content(sha256))
                if found["last_modified"] > before:
                    return None
                await obstore.delete_async(self._store, _content(sha256))
            except FileNotFoundError:
                return None  # somebody else was faster
        return int(found["size"])

    async def sweep(self, before: datetime, *, dry_run: bool = False) -> tuple[int, int]:
        # An object store keeps torn multipart uploads to itself: a lifecycle rule of the bucket ends those.
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return 0, 0
        with _translated():
            return await asyncio.to_thread(torn.sweep, Path(self._store.prefix), before, dry_run=dry_run)

    async def read(self, sha256: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        size = await self.size(sha256)
        if size is None:
            raise DataLoss(
                f"content {sha256} is not in the blob store any more; restore it from a backup",
                reason="CONTENT_MISSING",
                metadata={"sha256": sha256},
            )
        if offset >= size:
            return
        with _translated():
            found = await obstore.get_async(self._store, _content(sha256), options={"range": {"offset": offset}})
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                view = memoryview(chunk)
                for begin in range(0, len(view), CHUNK_BYTES):
                    yield bytes(view[begin : begin + CHUNK_BYTES])

    async def _parts(self, upload_id: str) -> list[tuple[int, int, str]]:
        """Offset, size and key of each part, in the order of the bytes."""
        with _translated():
            found = await obstore.list(self._store, prefix=_parts(upload_id)).collect_async()
        return sorted((int(each["path"].rpartition("/")[2]), int(each["size"]), str(each["path"])) for each in found)

    async def _assembled(self, upload_id: str, sha256: str, size_bytes: int) -> AsyncIterator[bytes]:
        """The bytes of the parts, from the store itself; raises DataLoss at their end if they are not the content."""
        digest = hashlib.sha256()
        size = 0
        for offset, length, key in await self._parts(upload_id):
            if offset != size:
                break
            data = bytes(await (await obstore.get_async(self._store, key)).bytes_async())
            await asyncio.to_thread(digest.update, data)
            size += length
            yield data
        if size != size_bytes or digest.hexdigest() != sha256:
            raise DataLoss(
                f"the {size} bytes received have the SHA-256 {digest.hexdigest()}, announced were {size_bytes} bytes"
                f" and {sha256}; upload the file again",
                reason="DIGEST_MISMATCH",
                metadata={"sha256": digest.hexdigest()},
            )

    async def _settle(self, key: str) -> None:
        """Let a local file reach the disk before it counts; an object store does so by itself."""
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            await asyncio.to_thread(_fsync, Path(self._store.prefix), key)


def _content(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _parts(upload_id: str) -> str:
    return f"uploads/{upload_id}"


def _fsync(root: Path, key: str) -> None:
    """Flush a file and the folders that name it."""
    path = root / key
    for each in (path, *(parent for parent in path.parents if parent == root or root in parent.parents)):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _translated() -> Iterator[None]:
    """What a failing store means to a caller."""
    try:
        yield
    except ServeryError:
        raise
    except (BaseError, OSError) as error:
        text = str(error)
        if "No space left" in text or "os error 28" in text or "os error 122" in text:  # ENOSPC, EDQUOT
            raise ResourceExhausted("the blob store is full; free some space", reason="DISK_FULL") from error
        raise Unavailable(
            "the blob store does not answer; try again", reason="BLOB_STORE_UNAVAILABLE", retry_after_s=1.0
        ) from error
