"""What every blob store does."""

import asyncio
import hashlib
import random

import obstore
import pytest
from obstore.store import MemoryStore

from servery.errors import Aborted, DataLoss
from servery_registry.adapters.blobs.opening import open_store
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.domain.blob import CHUNK_BYTES, PART_BYTES, Blobs
from tests.parts import servers

STORES = {
    "memory": lambda tmp_path: MemoryStore(),
    "local": lambda tmp_path: open_store((tmp_path / "a folder" / "blobs").as_uri()),
    "s3": lambda tmp_path: open_store(servers.s3().new_url(), servers.s3().options),
}
UPLOAD = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    return STORES[request.param](tmp_path)


@pytest.fixture
def blobs(store) -> Blobs:
    return StoredBlobs(store)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def keys(store) -> list[str]:
    return [each["path"] for each in await obstore.list(store).collect_async()]


async def put(blobs: Blobs, content: bytes, *, size: int = PART_BYTES) -> None:
    for offset in range(0, len(content), size):
        await blobs.put_part(UPLOAD, offset, content[offset : offset + size])


async def test_what_was_never_put_is_not_held(blobs: Blobs):
    assert await blobs.size(sha256(b"")) is None
    assert await blobs.received(UPLOAD) == 0
    await blobs.drop(UPLOAD)
    with pytest.raises(DataLoss):
        await anext(blobs.read(sha256(b"")))


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 2 * PART_BYTES + 1])
async def test_parts_become_a_content(store, blobs: Blobs, size: int):
    content = random.Random(size).randbytes(size)
    await put(blobs, content)
    assert await blobs.received(UPLOAD) == size
    assert await blobs.size(sha256(content)) is None
    await blobs.keep(UPLOAD, sha256(content), size)
    await blobs.keep(UPLOAD, sha256(content), size)  # again, as after a crash
    await blobs.drop(UPLOAD)
    assert await blobs.size(sha256(content)) == size
    assert await blobs.received(UPLOAD) == 0
    assert len(await keys(store)) == 1
    for offset in {0, size // 3, size}:
        chunks = [chunk async for chunk in blobs.read(sha256(content), offset)]
        assert b"".join(chunks) == content[offset:]
        assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in chunks)


async def test_parts_count_as_far_as_they_have_no_gap(blobs: Blobs):
    await blobs.put_part(UPLOAD, 0, b"abc")
    await blobs.put_part(UPLOAD, 3, b"d")
    await blobs.put_part(UPLOAD, 5, b"f")
    assert await blobs.received(UPLOAD) == 4
    assert await blobs.received("another") == 0


@pytest.mark.parametrize(
    ("sent", "announced", "size"),
    [
        (b"abd", b"abc", 3),
        (b"abc", b"abc", 4),
        (b"", b"abc", 3),
        (b"x" * (2 * PART_BYTES), b"y", 1),
        (b"x" * (2 * PART_BYTES), b"x" * (2 * PART_BYTES - 1) + b"y", 2 * PART_BYTES),
    ],
    ids=["digest", "size", "nothing", "both", "large"],
)
async def test_a_wrong_content_is_not_seen(store, blobs: Blobs, sent, announced, size):
    await put(blobs, sent)
    parts = await keys(store)
    with pytest.raises(DataLoss) as caught:
        await blobs.keep(UPLOAD, sha256(announced), size)
    assert caught.value.reason == "DIGEST_MISMATCH"
    assert await blobs.size(sha256(announced)) is None
    assert await keys(store) == parts


async def test_of_two_parts_at_one_offset_one_is_stored(blobs: Blobs):
    answers = await asyncio.gather(
        *(blobs.put_part(UPLOAD, 0, bytes([n]) * (n + 1)) for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(answer, Aborted) for answer in answers) == 3
    assert await blobs.received(UPLOAD) == answers.index(None) + 1


async def test_a_read_that_is_given_up_lets_go(blobs: Blobs):
    content = bytes(3 * CHUNK_BYTES)
    await put(blobs, content)
    await blobs.keep(UPLOAD, sha256(content), len(content))
    chunks = blobs.read(sha256(content))
    await anext(chunks)
    await chunks.aclose()
