"""What the registry does with files, whichever way it is run."""

import asyncio
import random

import pytest

from servery.errors import Aborted, DataLoss, FailedPrecondition, NotFound, OutOfRange
from servery_registry.domain.listing import Window
from servery_registry.domain.upload import Piece, Progress
from tests.contracts.registries import RUNNERS, Local, Registry, Runner, damage
from tests.contracts.registry_material import (
    MIB,
    PROJECT,
    broken_after,
    content_of,
    file_of,
    pending_version,
    pieces_of,
    ready_version,
    upload,
)
from tests.eventually import eventually

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", [0, 1, MIB, 8 * MIB, 8 * MIB + 1, 17 * MIB + 5])
async def test_a_file_comes_back_as_it_was_sent(registry: Registry, size: int):
    sent = content(size)
    version = await ready_version(registry, {"a folder/model v1.bin": sent})
    assert await content_of(registry, version, "a folder/model v1.bin") == sent
    for offset in {0, size // 2, max(0, size - 1), size}:
        assert await content_of(registry, version, "a folder/model v1.bin", offset) == sent[offset:]
    with pytest.raises(OutOfRange):
        await registry.files.download(PROJECT, "iris", 1, "a folder/model v1.bin", size + 1)


async def test_an_upload_counts_what_is_stored(registry: Registry):
    await pending_version(registry)
    sent = content(3 * MIB)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(sent))
    assert (begun.file, begun.received_bytes, begun.committed) == (file_of(sent), 0, False)
    half = await registry.files.write(begun.upload_id, pieces_of(sent[: 2 * MIB]))
    assert half == Progress(begun.upload_id, begun.file, 2 * MIB, committed=False)
    assert await registry.files.get_upload(begun.upload_id) == half
    assert await registry.files.begin(PROJECT, "iris", 1, file_of(sent)) == half
    with pytest.raises(FailedPrecondition) as caught:
        await registry.files.commit(begun.upload_id)
    assert caught.value.reason == "UPLOAD_INCOMPLETE"
    assert caught.value.metadata == {"received_bytes": str(2 * MIB)}
    whole = await registry.files.write(begun.upload_id, pieces_of(sent, 2 * MIB))
    assert whole.received_bytes == 3 * MIB
    assert await registry.files.commit(begun.upload_id) == file_of(sent)
    assert await registry.files.commit(begun.upload_id) == file_of(sent)
    done = await registry.files.get_upload(begun.upload_id)
    assert (done.received_bytes, done.committed) == (3 * MIB, True)


async def test_a_broken_stream_is_resumed_even_after_a_restart(runner: Runner):
    sent = content(20 * MIB)
    async with runner.open() as registry:
        version = await pending_version(registry)
        begun = await registry.files.begin(PROJECT, "iris", 1, file_of(sent))
        with pytest.raises(ConnectionResetError):
            await registry.files.write(begun.upload_id, broken_after(sent, 11 * MIB))
    async with runner.open() as registry:
        left = await registry.files.get_upload(begun.upload_id)
        assert 0 <= left.received_bytes <= 11 * MIB  # how much of it was on the way is the network's business
        await registry.files.write(begun.upload_id, pieces_of(sent, left.received_bytes))
        await registry.files.commit(begun.upload_id)
        version = await registry.versions.finalize(PROJECT, "iris", 1)
        assert await content_of(registry, version) == sent


async def test_a_writer_that_goes_away_leaves_what_it_sent(registry: Registry):
    sent = content(11 * MIB)
    await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(sent))
    taken = asyncio.Event()

    async def until_taken():
        async for piece in pieces_of(sent[: 10 * MIB]):
            yield piece
        taken.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(registry.files.write(begun.upload_id, until_taken()))
    await taken.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    async def resume() -> Progress | Aborted:
        left = await registry.files.get_upload(begun.upload_id)
        if isinstance(registry, Local):  # over the wire, some of it may have been on the way
            assert left.received_bytes == 10 * MIB
        try:
            return await registry.files.write(begun.upload_id, pieces_of(sent, left.received_bytes))
        except (Aborted, OutOfRange) as error:  # the far side is still storing what had come
            return error

    await eventually(resume, lambda seen: isinstance(seen, Progress))
    assert await registry.files.commit(begun.upload_id) == file_of(sent)


@pytest.mark.parametrize(
    ("pieces", "reason", "kept"),
    [
        ([Piece(1, b"b")], "WRONG_OFFSET", 0),
        ([Piece(0, b"ab"), Piece(3, b"d")], "WRONG_OFFSET", 2),
        ([Piece(0, b"ab"), Piece(0, b"ab")], "WRONG_OFFSET", 2),
        ([Piece(0, b"abcde")], "PAST_THE_END", 0),
        ([Piece(0, b"abcd"), Piece(4, b"e")], "PAST_THE_END", 4),
    ],
)
async def test_bytes_out_of_place_are_refused(registry: Registry, pieces, reason, kept):
    async def given():
        for piece in pieces:
            yield piece

    await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(b"abcd"))
    with pytest.raises(OutOfRange) as caught:
        await registry.files.write(begun.upload_id, given())
    assert caught.value.reason == reason
    assert (await registry.files.get_upload(begun.upload_id)).received_bytes == kept


async def test_a_wrong_digest_is_refused_and_the_upload_begins_anew(registry: Registry):
    version = await pending_version(registry)
    right, wrong = content(9 * MIB), content(9 * MIB)[:-1] + b"\0"
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(right))
    await registry.files.write(begun.upload_id, pieces_of(wrong))
    with pytest.raises(DataLoss) as caught:
        await registry.files.commit(begun.upload_id)
    assert caught.value.reason == "DIGEST_MISMATCH"
    assert (await registry.files.get_upload(begun.upload_id)).received_bytes == 0
    with pytest.raises(FailedPrecondition):
        await registry.versions.finalize(PROJECT, "iris", 1)
    await registry.files.write(begun.upload_id, pieces_of(right))
    await registry.files.commit(begun.upload_id)
    version = await registry.versions.finalize(PROJECT, "iris", 1)
    assert await content_of(registry, version) == right


async def test_content_that_is_held_is_not_sent_again(registry: Registry):
    await ready_version(registry, {"a.bin": b"content"})
    second = await pending_version(registry, "other")
    begun = await registry.files.begin(PROJECT, "other", 1, file_of(b"content", "b.bin"))
    assert (begun.committed, begun.received_bytes) == (True, 7)
    second = await registry.versions.finalize(PROJECT, "other", 1)
    assert (second.file_count, second.size_bytes) == (1, 7)
    assert await content_of(registry, second, "b.bin") == b"content"


async def test_content_is_held_once_it_is_committed_not_before(registry: Registry):
    await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(b"content", "a.bin"))
    await registry.files.write(begun.upload_id, pieces_of(b"content"))
    other = await registry.files.begin(PROJECT, "iris", 1, file_of(b"content", "b.bin"))
    assert (other.committed, other.received_bytes) == (False, 0)
    await registry.files.commit(begun.upload_id)
    assert await registry.files.commit(other.upload_id) == file_of(b"content", "b.bin")


async def test_another_file_of_the_path_replaces_the_upload(registry: Registry):
    version = await pending_version(registry)
    await upload(registry, version, b"old content")
    first = await registry.files.begin(PROJECT, "iris", 1, file_of(b"newer"))
    await registry.files.write(first.upload_id, pieces_of(b"newer"))
    second = await registry.files.begin(PROJECT, "iris", 1, file_of(b"newest"))
    assert second.upload_id != first.upload_id
    assert (second.received_bytes, second.committed) == (0, False)
    for call in (registry.files.get_upload(first.upload_id), registry.files.commit(first.upload_id)):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.reason == "UPLOAD_NOT_FOUND"
    await registry.files.write(second.upload_id, pieces_of(b"newest"))
    await registry.files.commit(second.upload_id)
    version = await registry.versions.finalize(PROJECT, "iris", 1)
    assert (version.file_count, version.size_bytes) == (1, 6)
    assert await content_of(registry, version) == b"newest"


async def test_no_path_is_a_file_and_a_folder(registry: Registry):
    version = await pending_version(registry)
    for path in ("a/b/c", "a.b", "x"):
        await upload(registry, version, b"content", path)
    for path, other in (("a", "a/b/c"), ("a/b", "a/b/c"), ("a/b/c/d", "a/b/c"), ("x/y", "x")):
        with pytest.raises(FailedPrecondition) as caught:
            await registry.files.begin(PROJECT, "iris", 1, file_of(b"", path))
        assert (caught.value.reason, caught.value.metadata) == ("PATH_IN_THE_WAY", {"path": other})
    for path in ("a/b/c", "a/b/d", "a/b c", "a0", "a-b"):
        await registry.files.begin(PROJECT, "iris", 1, file_of(b"", path))


async def test_of_two_writers_of_an_upload_one_wins(registry: Registry):
    await pending_version(registry)
    sent = content(2 * MIB)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(sent))
    gate = asyncio.Event()

    async def gated():
        first, second = [piece async for piece in pieces_of(sent)]
        yield first
        await gate.wait()
        yield second

    writing = [asyncio.create_task(registry.files.write(begun.upload_id, gated())) for _ in range(2)]
    done, rest = await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(Aborted) as caught:
        await done.pop()
    assert caught.value.reason == "UPLOAD_BUSY"
    with pytest.raises(Aborted):
        await registry.files.commit(begun.upload_id)
    gate.set()
    assert (await rest.pop()).received_bytes == len(sent)
    assert await registry.files.commit(begun.upload_id) == file_of(sent)


async def test_a_ready_version_takes_no_files(registry: Registry):
    await ready_version(registry, {"a.bin": b"content"})
    with pytest.raises(FailedPrecondition) as caught:
        await registry.files.begin(PROJECT, "iris", 1, file_of(b"more", "b.bin"))
    assert caught.value.reason == "VERSION_NOT_PENDING"


async def test_what_is_not_there_is_not_found(registry: Registry):
    await ready_version(registry, {"a.bin": b"content"})
    for call, reason in (
        (registry.files.begin(PROJECT, "iris", 2, file_of(b"")), "VERSION_NOT_FOUND"),
        (registry.files.get_upload(NOWHERE), "UPLOAD_NOT_FOUND"),
        (registry.files.write(NOWHERE, pieces_of(b"x")), "UPLOAD_NOT_FOUND"),
        (registry.files.commit(NOWHERE), "UPLOAD_NOT_FOUND"),
        (registry.files.download(PROJECT, "iris", 1, "b.bin"), "FILE_NOT_FOUND"),
        (registry.files.download(PROJECT, "iris", 2, "a.bin"), "VERSION_NOT_FOUND"),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.reason == reason


async def test_files_are_listed_by_path_page_by_page(registry: Registry):
    paths = ["b", "a/z", "a b", "a.b", "B", "a/b/c", "ab"]
    version = await ready_version(registry, {path: path.encode() for path in paths})
    seen, after, more = [], None, True
    while more:
        number, page = await registry.files.list(PROJECT, "iris", version.number, Window(size=3, after=after))
        assert number == version.number
        seen += page.items
        after, more = seen[-1].path, page.more
    assert seen == [file_of(path.encode(), path) for path in sorted(paths)]


@pytest.mark.parametrize("found", [b"damaged", b"short", b"much longer than it was", None])
async def test_content_that_is_damaged_is_not_taken_for_whole(runner: Runner, registry: Registry, found):
    version = await ready_version(registry, {"model.joblib": b"content"})
    await damage(runner, file_of(b"content").sha256, found)
    with pytest.raises(DataLoss) as caught:
        await content_of(registry, version)
    assert caught.value.reason == ("CONTENT_DAMAGED" if found else "CONTENT_MISSING")
