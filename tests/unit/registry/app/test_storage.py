"""Garbage is collected between the steps of uploads, at every place where that could do harm."""

import asyncio
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from obstore.store import MemoryStore

from servery.errors import NotFound, Unavailable
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.scanning import Scanning
from servery_registry.app.storage import StorageUseCases
from servery_registry.app.versions import VersionUseCases
from servery_registry.domain.garbage import Account
from tests.contracts.registry_material import PROJECT, WHO, file_of, new_model, new_version, pieces_of
from tests.eventually import eventually
from tests.fakes.code_scanner import FakeCodeScanner
from tests.fakes.registry_work import FakeStore

CONTENT = b"content"
SHA256 = file_of(CONTENT).sha256


class Gates(StoredBlobs):
    """Blobs that run something else just before, or just after, a step of theirs: once, at the time it is asked for."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.before: dict[str, list] = {}
        self.after: dict[str, list] = {}

    async def size(self, sha256):
        return await self._gated("size", super().size, sha256)

    async def keep(self, upload_id, sha256, size_bytes):
        return await self._gated("keep", super().keep, upload_id, sha256, size_bytes)

    async def remove(self, sha256, before):
        return await self._gated("remove", super().remove, sha256, before)

    async def drop(self, upload_id):
        return await self._gated("drop", super().drop, upload_id)

    async def _gated(self, step, act, *given):
        for gate in self.before.pop(step, []):
            await gate()
        answer = await act(*given)
        for gate in self.after.pop(step, []):
            await gate()
        return answer


@dataclass
class World:
    """Two registries over one database and one blob store: `files` of one of them, `storage` of the other."""

    blobs: Gates = field(default_factory=Gates)
    store: FakeStore = field(default_factory=FakeStore)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        ids = map(str, itertools.count(1))
        parts = (self.clock, ids.__next__)
        self.models = ModelUseCases(self.store.begin_work, *parts)
        self.versions = VersionUseCases(
            self.store.begin_work, Scanning(self.blobs, FakeCodeScanner(), self.clock), *parts
        )
        self.files = FileUseCases(self.store.begin_work, self.blobs, *parts)
        self.storage = StorageUseCases(self.store.begin_work, self.blobs, *parts, grace=timedelta(days=1))

    def clock(self) -> datetime:
        return self.now

    def later(self) -> None:
        self.now += timedelta(days=30)

    async def garbage_content(self) -> None:
        """A content that was held for a version which is deleted, long ago."""
        version = await self.versions.create(new_version(), creator=WHO)
        upload = (await self.files.begin(PROJECT, "iris", version.number, file_of(CONTENT))).upload_id
        await self.files.write(upload, pieces_of(CONTENT))
        await self.files.commit(upload)
        await self.versions.delete(PROJECT, "iris", version.number)
        self.later()

    async def begin(self):
        version = await self.versions.create(new_version(), creator=WHO)
        return version.number, await self.files.begin(PROJECT, "iris", version.number, file_of(CONTENT))

    async def written(self):
        number, begun = await self.begin()
        await self.files.write(begun.upload_id, pieces_of(CONTENT))
        return number, begun.upload_id

    async def downloaded(self, number: int) -> bytes:
        await self.versions.finalize(PROJECT, "iris", number)
        _, pieces = await self.files.download(PROJECT, "iris", number, "model.joblib")
        return b"".join([piece.data async for piece in pieces])

    async def collect(self) -> None:
        await self.storage.collect(grace=timedelta())


@pytest.fixture
async def world():
    world = World()
    await world.models.create(new_model(), creator=WHO)
    return world


async def test_a_content_freed_after_begin_saw_it_is_not_promised(world):
    await world.garbage_content()
    world.blobs.after["size"] = [world.collect]
    number, begun = await world.begin()
    assert not begun.committed
    await world.files.write(begun.upload_id, pieces_of(CONTENT))
    await world.files.commit(begun.upload_id)
    assert await world.downloaded(number) == CONTENT


async def test_a_content_that_begin_promises_is_freed_no_more(world):
    """The collector has found it unnamed, and is about to look once more when somebody begins an upload of it."""
    await world.garbage_content()
    begun = []

    class Meanwhile(StorageUseCases):
        async def _free_content(self, sha256, before):
            begun.append(await world.begin())
            return await super()._free_content(sha256, before)

    storage = Meanwhile(world.store.begin_work, world.blobs, world.clock, str, grace=timedelta())
    assert await storage.collect() == Account()
    ((number, progress),) = begun
    assert progress.committed
    assert await world.downloaded(number) == CONTENT


async def test_a_begin_waits_for_a_content_that_is_being_freed(world):
    await world.garbage_content()
    begins = []

    async def begin_meanwhile():
        begins.append(asyncio.create_task(world.begin()))
        await asyncio.sleep(0)

    world.blobs.before["remove"] = [begin_meanwhile]
    await world.collect()
    _, progress = await begins[0]
    assert not progress.committed


async def free_the_content(world: World) -> None:
    """What a collector does to a content alone, its grace time run out while the parts are young."""
    assert await world.storage._free_content(SHA256, world.now + timedelta(days=1)) is not None


async def test_a_commit_whose_content_is_freed_before_its_row_keeps_it_anew(world):
    number, upload = await world.written()
    world.blobs.after["keep"] = [lambda: free_the_content(world)]
    await world.files.commit(upload)
    assert await world.downloaded(number) == CONTENT


async def test_a_commit_that_finds_the_content_held_keeps_it_when_it_is_freed_then(world):
    number, upload = await world.written()
    await world.blobs.keep(upload, SHA256, len(CONTENT))  # by a commit that crashed then
    world.blobs.after["size"] = [lambda: free_the_content(world)]
    await world.files.commit(upload)
    assert await world.downloaded(number) == CONTENT


async def test_a_collector_without_grace_that_never_rests_is_told_as_what_it_is(world):
    _, upload = await world.written()

    async def free_always():
        await free_the_content(world)
        world.blobs.after["keep"] = [free_always]

    world.blobs.after["keep"] = [free_always]
    with pytest.raises(Unavailable) as caught:
        await world.files.commit(upload)
    assert caught.value.reason == "CONTENT_FREED"


async def test_an_upload_given_up_and_taken_up_again_during_the_collection_begins_at_zero(world):
    number, upload = await world.written()
    world.later()

    async def write_meanwhile():
        with pytest.raises(NotFound):
            await world.files.write(upload, pieces_of(CONTENT, len(CONTENT)))

    world.blobs.before["drop"] = [write_meanwhile]
    await world.collect()
    again = await world.files.begin(PROJECT, "iris", number, file_of(CONTENT))
    assert again.received_bytes == 0
    await world.files.write(again.upload_id, pieces_of(CONTENT))
    await world.files.commit(again.upload_id)
    assert await world.downloaded(number) == CONTENT


async def test_a_collection_cancelled_while_it_removes_ends_that_first(world):
    await world.garbage_content()
    removing, may_remove = asyncio.Event(), asyncio.Event()

    async def wait():
        removing.set()
        await may_remove.wait()

    world.blobs.before["remove"] = [wait]
    collecting = asyncio.create_task(world.collect())
    await removing.wait()
    collecting.cancel()
    begins = asyncio.create_task(world.begin())
    for _ in range(5):
        await asyncio.sleep(0)
    collecting.cancel()
    assert not begins.done()  # the lock is held until it is removed
    may_remove.set()
    with pytest.raises(asyncio.CancelledError):
        await collecting
    _, progress = await begins
    assert not progress.committed


async def test_a_dry_run_changes_nothing(world):
    await world.garbage_content()
    version = await world.versions.create(new_version(), creator=WHO)
    upload = (await world.files.begin(PROJECT, "iris", version.number, file_of(b"another"))).upload_id
    await world.files.write(upload, pieces_of(b"another"))
    world.later()
    before = world.store.rows.copy()
    account = await world.storage.collect(dry_run=True)
    assert {each.sha256 or each.upload_id for each in account.largest} == {SHA256, upload}
    assert world.store.rows == before
    assert await world.blobs.size(SHA256) == len(CONTENT)
    assert await world.blobs.received(upload) == len(CONTENT)


async def test_old_requests_are_forgotten_and_those_of_a_day_are_not(world):
    for model in ("old", "young"):
        await world.models.create(new_model(model), creator=WHO, request_id=f"of {model}")
        world.now += timedelta(hours=20)
    assert await world.storage.forget_requests() == 1
    assert [key[2] for key in world.store.rows.requests] == ["of young"]


async def test_garbage_is_collected_again_and_again_also_after_a_failure(world, caplog):
    caplog.set_level("INFO")
    await world.garbage_content()

    async def fail():
        raise Unavailable("the blob store does not answer")

    world.blobs.before["remove"] = [fail]
    async with world.storage.collecting(0.01):
        await eventually(lambda: world.blobs.size(SHA256), lambda size: size is None)
        assert "can't be collected just now" in caplog.text
        await eventually(_text(caplog), lambda text: "freed 7 bytes of 1" in text)


async def test_an_interval_of_zero_collects_nothing(world):
    before = asyncio.all_tasks()
    async with world.storage.collecting(0):
        assert asyncio.all_tasks() == before


def _text(caplog):
    async def look():
        return caplog.text

    return look
