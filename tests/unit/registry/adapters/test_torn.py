"""What torn writes leave in a local folder is removed when it is dead, and nothing else is."""

import os
import time
from datetime import UTC, datetime

import pytest

from servery_registry.adapters.blobs.opening import open_store
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.adapters.blobs.torn import LEAST_AGE_S


@pytest.fixture
def blobs(tmp_path) -> StoredBlobs:
    return StoredBlobs(open_store(tmp_path.as_uri()))


def file(root, name, *, age_s=0.0):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age_s,) * 2)
    return path


async def test_torn_writes_are_removed_once_they_are_dead(tmp_path, blobs):
    dead = [file(tmp_path, name, age_s=LEAST_AGE_S + 60) for name in ("sha256/ab/cd/abcd#1", "uploads/u/000#12")]
    alive = [
        file(tmp_path, "sha256/ab/cd/abcd#2"),  # being written
        file(tmp_path, "sha256/ab/cd/abcd", age_s=LEAST_AGE_S + 60),
        file(tmp_path, "uploads/v/000", age_s=LEAST_AGE_S + 60),
    ]
    now = datetime.now(UTC)
    assert await blobs.sweep(now, dry_run=True) == (2, 8)
    assert all(path.exists() for path in dead)
    assert await blobs.sweep(now) == (2, 8)
    assert not any(path.exists() for path in dead)
    assert all(path.exists() for path in alive)
    assert not (tmp_path / "uploads/u").exists()
    assert await blobs.sweep(now) == (0, 0)


async def test_the_grace_time_holds_for_torn_writes_too(tmp_path, blobs):
    torn = file(tmp_path, "sha256/ab/cd/abcd#1", age_s=2 * LEAST_AGE_S)
    assert await blobs.sweep(datetime.fromtimestamp(time.time() - 3 * LEAST_AGE_S, UTC)) == (0, 0)
    assert torn.exists()


async def test_a_store_without_a_folder_has_nothing_to_sweep():
    assert await StoredBlobs(open_store("memory:///")).sweep(datetime.now(UTC)) == (0, 0)
