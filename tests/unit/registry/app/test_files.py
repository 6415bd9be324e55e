"""What the use cases of files do when the store beneath fails, or the process dies between two steps."""

import asyncio
import itertools
from datetime import UTC, datetime

import pytest
from obstore.store import MemoryStore

from servery.errors import NotFound, ResourceExhausted, Unavailable
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.scanning import Scanning
from servery_registry.app.versions import VersionUseCases
from servery_registry.domain.blob import PART_BYTES
from servery_registry.domain.upload import Piece
from tests.contracts.registry_material import MIB, PROJECT, WHO, file_of, new_model, new_version, pieces_of
from tests.fakes.code_scanner import FakeCodeScanner
from tests.fakes.registry_work import FakeStore

NOW = datetime(2030, 1, 2, tzinfo=UTC)


class FailingBlobs(StoredBlobs):
    """Blobs in memory that note the sizes of parts, and fail when told."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.part_sizes: list[int] = []
        self.fail_put: Exception | None = None
        self.fail_drop: Exception | None = None
        self.putting = asyncio.Event()
        self.may_put = asyncio.Event()
        self.may_put.set()

    async def put_part(self, upload_id: str, offset: int, data: bytes) -> None:
        self.putting.set()
        await self.may_put.wait()
        if self.fail_put is not None:
            raise self.fail_put
        await super().put_part(upload_id, offset, data)
        self.part_sizes.append(len(data))

    async def drop(self, upload_id: str) -> None:
        if self.fail_drop is not None:
            raise self.fail_drop
        await super().drop(upload_id)


@pytest.fixture
def blobs() -> FailingBlobs:
    return FailingBlobs()


@pytest.fixture
async def files(blobs) -> FileUseCases:
    """Files of version 1, PENDING, of iris."""
    work, ids = FakeStore().begin_work, map(str, itertools.count(1))
    await ModelUseCases(work, lambda: NOW, ids.__next__).create(new_model(), creator=WHO)
    scanning = Scanning(blobs, FakeCodeScanner(), lambda: NOW)
    await VersionUseCases(work, scanning, lambda: NOW, ids.__next__).create(new_version(), creator=WHO)
    return FileUseCases(work, blobs, lambda: NOW, ids.__next__)


async def begin(files: FileUseCases, content: bytes) -> str:
    return (await files.begin(PROJECT, "iris", 1, file_of(content))).upload_id


@pytest.mark.parametrize("size", [1, 1000 * 1000, 3 * MIB + 7, 20 * MIB])
async def test_no_part_is_larger_than_memory_allows(files, blobs, size):
    content = bytes(20 * MIB if size > 1 else 3)
    await files.write(await begin(files, content), pieces_of(content, size=size))
    assert sum(blobs.part_sizes) == len(content)
    assert all(each == PART_BYTES for each in blobs.part_sizes[:-1])


async def test_a_full_store_is_told_and_the_upload_goes_on_when_there_is_room(files, blobs):
    content = bytes(9 * MIB)
    upload = await begin(files, content)
    await files.write(upload, pieces_of(content[:MIB]))
    blobs.fail_put = ResourceExhausted("the blob store is full", reason="DISK_FULL")
    with pytest.raises(ResourceExhausted):
        await files.write(upload, pieces_of(content, MIB))
    assert (await files.get_upload(upload)).received_bytes == MIB
    blobs.fail_put = None
    await files.write(upload, pieces_of(content, MIB))
    assert await files.commit(upload) == file_of(content)


async def test_a_writer_cancelled_while_a_part_is_stored_waits_for_that(files, blobs):
    content = bytes(9 * MIB)
    upload = await begin(files, content)
    blobs.may_put.clear()
    writing = asyncio.create_task(files.write(upload, pieces_of(content)))
    await blobs.putting.wait()
    writing.cancel()
    blobs.may_put.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert (await files.get_upload(upload)).received_bytes == PART_BYTES
    await files.write(upload, pieces_of(content, PART_BYTES))
    assert await files.commit(upload) == file_of(content)


async def test_a_commit_stands_although_the_parts_can_not_be_dropped(files, blobs):
    upload = await begin(files, b"content")
    await files.write(upload, pieces_of(b"content"))
    blobs.fail_drop = Unavailable("the blob store does not answer")
    assert await files.commit(upload) == file_of(b"content")
    blobs.fail_drop = None
    assert await blobs.received(upload) == 7
    assert await files.commit(upload) == file_of(b"content")
    assert await blobs.received(upload) == 0


async def test_a_commit_cut_short_after_the_content_was_kept_is_done_again(files, blobs):
    upload = await begin(files, b"content")
    await files.write(upload, pieces_of(b"content"))
    await blobs.keep(upload, file_of(b"content").sha256, 7)
    await blobs.drop(upload)
    assert await files.commit(upload) == file_of(b"content")


async def test_an_upload_replaced_while_it_is_written_leaves_no_parts(files, blobs):
    upload = await begin(files, b"content")

    async def replaced_meanwhile():
        yield Piece(0, b"con")
        await begin(files, b"another content")

    with pytest.raises(NotFound):
        await files.write(upload, replaced_meanwhile())
    assert await blobs.received(upload) == 0
