"""Use cases of the bytes that versions are made of: freeing what nobody needs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from servery.errors import NotFound, ServeryError
from servery_registry.app.shielded import to_the_end
from servery_registry.domain.blob import Blobs, Stored
from servery_registry.domain.garbage import Account, Garbage
from servery_registry.domain.remembered import REMEMBERED
from servery_registry.domain.unit_of_work import BeginWork, UnitOfWork

log = logging.getLogger(__name__)

FIRST_S: Final = 60.0
"""At the latest so long after a start the garbage is collected for the first time."""


class StorageUseCases:
    """Collects garbage. `clock` gives the time in UTC, `new_id` a UUID; `grace` is how old garbage must be at least.

    Garbage is a content that no version names, the parts of an upload that is over or that nobody wrote to, and what
    torn writes have left. A version that is PENDING stays, however old: what it has is named, and an upload of it
    whose parts are freed is there under another id, with no byte received. No more than a page of the store's listing
    is in memory at a time.

    It is safe beside uploads, in this process and in others: see `domain.content` for contents. Parts are freed after
    nobody can write any more to the upload that they belong to.
    """

    def __init__(
        self,
        begin_work: BeginWork,
        blobs: Blobs,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        *,
        grace: timedelta,
    ) -> None:
        self._begin_work = begin_work
        self._blobs = blobs
        self._clock = clock
        self._new_id = new_id
        self._grace = grace

    async def collect(self, *, dry_run: bool = False, grace: timedelta | None = None) -> Account:
        """Free garbage that was last written to at least `grace` ago, and say what it was; or, dry, would be."""
        before = self._clock() - (self._grace if grace is None else grace)
        account = Account()
        async for page in self._blobs.contents():
            for content in await self._unnamed([each for each in page if each.write_time <= before]):
                if dry_run:
                    account.add(Garbage(sha256=content.name, size_bytes=content.size_bytes))
                elif (size := await self._free_content(content.name, before)) is not None:
                    account.add(Garbage(sha256=content.name, size_bytes=size))
        async for upload in self._blobs.uploads():
            if upload.write_time <= before and (dry_run or await self._free_upload(upload.name)):
                account.add(Garbage(upload_id=upload.name, size_bytes=upload.size_bytes))
        count, size_bytes = await self._blobs.sweep(before, dry_run=dry_run)
        if count:
            account.add(Garbage(size_bytes=size_bytes))
        return account

    async def forget_requests(self) -> int:
        """Forget the create requests that nobody may send again any more; how many they were."""
        async with self._begin_work() as work:
            count = await work.requests.forget(self._clock() - REMEMBERED)
            await work.commit()
        return count

    @asynccontextmanager
    async def collecting(self, interval_s: float) -> AsyncIterator[None]:
        """Collect and forget every so often until the block is left; never when the interval is 0."""
        if not interval_s:
            yield
            return
        task = asyncio.create_task(self._every(interval_s), name="garbage")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _every(self, interval_s: float) -> None:
        wait_s = min(interval_s, FIRST_S)
        while True:
            await asyncio.sleep(wait_s)
            wait_s = interval_s
            try:
                account, forgotten = await self.collect(), await self.forget_requests()
                if account.count or forgotten:
                    log.info(
                        "garbage: freed %d bytes of %d contents and uploads; forgot %d old requests",
                        account.size_bytes,
                        account.count,
                        forgotten,
                    )
            except ServeryError as error:
                log.warning("garbage can't be collected just now: %s", error)
            except Exception:
                log.exception("collecting garbage failed")

    async def _unnamed(self, contents: Sequence[Stored]) -> list[Stored]:
        if not contents:
            return []
        async with self._begin_work(read_only=True) as work:
            named = await work.contents.named([each.name for each in contents])
        return [each for each in contents if each.name not in named]

    async def _free_content(self, sha256: str, before: datetime) -> int | None:
        async with self._begin_work() as work:
            await work.contents.lock(sha256)
            if await work.contents.named([sha256]):
                return None  # named since the listing
            return await to_the_end(self._blobs.remove(sha256, before))

    async def _free_upload(self, upload_id: str) -> bool:
        async with self._begin_work() as work:
            await self._close(work, upload_id)
            await work.commit()
        await self._blobs.drop(upload_id)
        return True

    async def _close(self, work: UnitOfWork, upload_id: str) -> None:
        """See to it that nobody needs the parts of an upload."""
        try:
            seen = await work.uploads.get(upload_id)
            await work.versions.lock(seen.version_id)
            upload = await work.uploads.get(upload_id)  # read again: what was read before the lock may be old
        except NotFound:
            return  # its version is gone, or another upload of its path has replaced it
        if not upload.committed:
            await work.uploads.restart(upload_id, self._new_id())
