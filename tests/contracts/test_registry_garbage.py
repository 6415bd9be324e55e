"""What the registry frees, and what it leaves, whichever way it is run."""

from datetime import timedelta

import obstore
import pytest

from servery.errors import InvalidArgument, NotFound
from servery_registry.domain.garbage import Account, Garbage
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import (
    MIB,
    PROJECT,
    content_of,
    file_of,
    pending_version,
    pieces_of,
    ready_version,
    upload,
)

NONE = timedelta()


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


async def keys(runner: Runner) -> set[str]:
    return {each["path"] for each in await obstore.list(runner.blobs).collect_async()}


def key_of(content: bytes) -> str:
    digest = file_of(content).sha256
    return f"sha256/{digest[:2]}/{digest[2:4]}/{digest}"


async def test_an_empty_registry_has_no_garbage(registry: Registry):
    assert await registry.storage.collect(grace=NONE) == Account()


async def test_what_no_version_names_is_freed_and_the_rest_stays(runner: Runner, registry: Registry):
    await ready_version(registry, {"a": b"in both", "b": b"in the first"})
    kept = await ready_version(registry, {"a": b"in both", "c": b"in the second"}, model="other")
    pending = await pending_version(registry, "third")
    await upload(registry, pending, b"in a pending one")
    await registry.versions.delete(PROJECT, "iris", 1)
    content = file_of(b"in the first")
    garbage = Garbage(sha256=content.sha256, size_bytes=content.size_bytes)
    would = await registry.storage.collect(dry_run=True, grace=NONE)
    assert (would.count, would.size_bytes, would.largest) == (1, 12, [garbage])
    assert key_of(b"in the first") in await keys(runner)
    assert await registry.storage.collect(grace=NONE) == would
    assert await keys(runner) == {key_of(each) for each in (b"in both", b"in the second", b"in a pending one")}
    assert await registry.storage.collect(grace=NONE) == Account()
    assert await content_of(registry, kept, "a") == b"in both"


async def test_what_is_younger_than_the_grace_time_is_left(runner: Runner, registry: Registry):
    await ready_version(registry, {"a": b"content"})
    await registry.versions.delete(PROJECT, "iris", 1)
    for grace in (None, timedelta(seconds=60)):  # the setting, and one of the request's own
        assert await registry.storage.collect(grace=grace) == Account()
    assert await keys(runner) == {key_of(b"content")}
    assert (await registry.storage.collect(grace=NONE)).size_bytes == 7


async def test_a_freed_content_is_uploaded_anew(registry: Registry):
    await ready_version(registry, {"a": b"content"})
    await registry.versions.delete(PROJECT, "iris", 1)
    await registry.storage.collect(grace=NONE)
    again = await ready_version(registry, {"a": b"content"}, model="again")
    assert await content_of(registry, again, "a") == b"content"


async def test_parts_of_an_upload_whose_version_is_gone_are_freed(runner: Runner, registry: Registry):
    await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(bytes(9 * MIB)))
    await registry.files.write(begun.upload_id, pieces_of(bytes(8 * MIB + 5)))
    await registry.versions.delete(PROJECT, "iris", 1)
    account = await registry.storage.collect(grace=NONE)
    assert account.largest == [Garbage(upload_id=begun.upload_id, size_bytes=8 * MIB + 5)]
    assert await keys(runner) == set()


async def test_a_given_up_upload_loses_its_parts_and_begins_at_zero(runner: Runner, registry: Registry):
    version = await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(b"content"))
    await registry.files.write(begun.upload_id, pieces_of(b"cont"))
    assert await registry.storage.collect() == Account()  # not given up yet
    assert (await registry.files.get_upload(begun.upload_id)).received_bytes == 4
    assert (await registry.storage.collect(grace=NONE)).size_bytes == 4
    assert await keys(runner) == set()
    with pytest.raises(NotFound) as caught:
        await registry.files.write(begun.upload_id, pieces_of(b"content", 4))
    assert caught.value.reason == "UPLOAD_NOT_FOUND"
    with pytest.raises(Exception, match="not committed"):  # it still has to be uploaded
        await registry.versions.finalize(PROJECT, "iris", 1)
    again = await registry.files.begin(PROJECT, "iris", 1, file_of(b"content"))
    assert again.upload_id != begun.upload_id
    assert again.received_bytes == 0
    await registry.files.write(again.upload_id, pieces_of(b"content"))
    await registry.files.commit(again.upload_id)
    ready = await registry.versions.finalize(PROJECT, "iris", version.number)
    assert await content_of(registry, ready) == b"content"


async def test_parts_that_a_commit_could_not_drop_are_freed(runner: Runner, registry: Registry):
    version = await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(b"content"))
    await registry.files.write(begun.upload_id, pieces_of(b"content"))
    await registry.files.commit(begun.upload_id)
    await obstore.put_async(runner.blobs, f"uploads/{begun.upload_id}/{0:020}", b"content")
    assert (await registry.storage.collect(grace=NONE)).size_bytes == 7
    assert (await registry.files.get_upload(begun.upload_id)).committed
    await registry.versions.finalize(PROJECT, "iris", version.number)


@pytest.mark.parametrize("runner", ["fakes", "sqlite"], indirect=True)  # the wire names the largest 1000 alone
async def test_more_than_a_page_of_contents_is_freed(runner: Runner, registry: Registry):
    contents = [str(n).encode() for n in range(1100)]
    for content in contents:
        await obstore.put_async(runner.blobs, key_of(content), content)
    account = await registry.storage.collect(grace=NONE)
    assert (account.count, account.size_bytes) == (1100, sum(map(len, contents)))
    assert len(account.largest) == 1000
    assert await keys(runner) == set()


async def test_what_is_not_ours_in_the_store_is_left(runner: Runner, registry: Registry):
    await obstore.put_async(runner.blobs, "sha256/README", b"of somebody else's")
    await obstore.put_async(runner.blobs, "elsewhere/x", b"of somebody else's")
    assert await registry.storage.collect(grace=NONE) == Account()
    assert await keys(runner) == {"sha256/README", "elsewhere/x"}


@pytest.mark.parametrize("runner", ["remote"], indirect=True)
async def test_a_grace_of_less_than_no_time_is_refused(registry: Registry):
    with pytest.raises(InvalidArgument) as caught:
        await registry.storage.collect(grace=timedelta(seconds=-1))
    assert caught.value.field == "grace"


def test_an_account_names_the_largest_and_counts_all():
    account = Account()
    for size in range(1500):
        account.add(Garbage(size_bytes=size))
    assert (account.count, account.size_bytes) == (1500, 1500 * 1499 // 2)
    assert [each.size_bytes for each in account.largest] == list(range(1499, 499, -1))
