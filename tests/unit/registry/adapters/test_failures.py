"""What a caller is told when the database or the blob store fails."""

from unittest.mock import AsyncMock

import obstore
import pytest
from obstore.exceptions import GenericError
from obstore.store import LocalStore, MemoryStore
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from servery.errors import Aborted, ResourceExhausted, Unavailable
from servery_registry.adapters.blobs.store import StoredBlobs, _translated
from servery_registry.adapters.sql.unit_of_work import SqlUnitOfWork


@pytest.mark.parametrize(
    ("failure", "seen"),
    [
        (GenericError("Unable to copy data to file: No space left on device (os error 28)"), ResourceExhausted),
        (GenericError("Disk quota exceeded (os error 122)"), ResourceExhausted),
        (OSError(28, "No space left on device"), ResourceExhausted),
        (GenericError("error sending request for url"), Unavailable),
        (PermissionError(13, "Permission denied"), Unavailable),
        (Aborted("somebody else"), Aborted),
    ],
    ids=str,
)
def test_a_failure_of_the_blob_store_is_told(failure, seen):
    with pytest.raises(seen), _translated():
        raise failure


def test_a_bug_is_not_taken_for_a_failing_store():
    with pytest.raises(KeyError), _translated():
        raise KeyError("size")


async def test_a_folder_that_went_away_is_unavailable(tmp_path):
    file = tmp_path / "blobs"
    store = LocalStore(file, mkdir=True)
    file.rmdir()
    file.write_text("no folder any more")
    with pytest.raises(Unavailable) as caught:
        await StoredBlobs(store).put_part("u", 0, b"x")
    assert caught.value.retry_after_s is not None
    assert str(tmp_path) not in str(caught.value)


async def test_a_part_that_went_away_during_a_commit_is_told():
    store = MemoryStore()

    class Forgetful(StoredBlobs):
        async def _parts(self, upload_id):
            found = await super()._parts(upload_id)
            for _, _, key in found:
                await obstore.delete_async(store, key)
            return found

    blobs = Forgetful(store)
    await blobs.put_part("u", 0, b"abc")
    with pytest.raises(Aborted):
        await blobs.keep("u", "0" * 64, 3)


@pytest.mark.parametrize(
    ("failure", "seen"),
    [
        (OperationalError("SELECT", {}, Exception("database is locked")), Unavailable),
        (OperationalError("INSERT", {}, Exception("database or disk is full")), ResourceExhausted),
        (PoolTimeoutError("QueuePool limit of size 8 overflow 8 reached"), Unavailable),
        (ConnectionRefusedError(111, "Connect call failed"), Unavailable),
        (IntegrityError("INSERT", {}, Exception("NOT NULL constraint failed")), IntegrityError),
        (Aborted("somebody else"), Aborted),
    ],
    ids=lambda case: getattr(case, "__name__", type(case).__name__),
)
async def test_a_failure_of_the_database_is_told(failure, seen):
    session = AsyncMock(spec=AsyncSession)
    with pytest.raises(seen):
        async with SqlUnitOfWork(session):
            raise failure
    session.__aexit__.assert_awaited_once()
    session.commit.assert_not_awaited()
