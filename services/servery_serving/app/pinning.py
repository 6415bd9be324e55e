"""Keeps the registry's pins as the deployments need them. Every step is an «ensure»."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

from servery.errors import NotFound, ServeryError, Unavailable
from servery_serving.app.changes import WORK, Changes, Listener
from servery_serving.domain.catalog import Catalog
from servery_serving.domain.deployment import Deployment
from servery_serving.domain.pin import Pin, pin_of
from servery_serving.domain.unit_of_work import Store

log = logging.getLogger(__name__)

RETRY_S = 1.0
"""So long after a failure of the registry, or of the store, it is tried again."""


class _Stopping(Exception):
    """The service stops."""


class Pinning:
    """Pins what is deployed, and unpins what is not any more.

    A task of its own beside the reconciler, which a registry that does not answer must not hold up.
    """

    def __init__(self, *, store: Store, catalog: Catalog, changes: Changes, retry_s: float = RETRY_S) -> None:
        self._store = store
        self._catalog = catalog
        self._changes = changes
        self._retry_s = retry_s
        self._ensured: set[Pin] = set()
        self._locks: WeakValueDictionary[Pin, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def pinned(self, pin: Pin) -> AsyncIterator[None]:
        """Have a version pinned for a revision that is stored in the block, with `unpins.remove`.

        If it is not stored in the end, whatever the reason, the pin is undone later. Raise NotFound when there is no
        such version any more, Unavailable when the registry does not answer.
        """
        async with self._alone(pin):
            async with self._store.write() as uow:
                await uow.unpins.add(pin)
                await uow.commit()
            try:
                await self._catalog.pin(pin)
                yield
            except BaseException:
                self._changes.notify(WORK)  # there is something to undo
                raise
        self._ensured.add(pin)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Pin and unpin until the block is left."""
        with self._changes.listen(WORK) as listener:
            task = asyncio.create_task(self._run(listener), name="pinning")
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def run_once(self) -> None:
        """One pass. Raise Unavailable when the registry does not answer: then it is not asked again in this pass."""
        async with self._store.read() as uow:
            deployments = await uow.deployments.all()
            needless = await uow.unpins.all()
        wanted = {pin_of(each): each for each in deployments}
        self._ensured &= wanted.keys()
        await self._ensure(wanted)
        await self._release(needless)

    async def _ensure(self, wanted: Mapping[Pin, Deployment]) -> None:
        """Once in the life of a process for each: what was deployed before there were pins, or was lost over there."""
        for pin, deployment in wanted.items():
            if pin in self._ensured or deployment.deleting:
                continue
            try:
                await self._catalog.pin(pin)
            except NotFound as error:
                log.warning("%s uses a version that the registry does not have: %s", pin.user, error)
            self._ensured.add(pin)

    async def _release(self, needless: Iterable[Pin]) -> None:
        for pin in needless:
            if self._lock(pin).locked():
                continue  # somebody is about to need it
            async with self._alone(pin):
                if not await self._is_needed(pin):
                    await self._catalog.unpin(pin)
                async with self._store.write() as uow:
                    await uow.unpins.remove(pin)
                    await uow.commit()

    async def _is_needed(self, pin: Pin) -> bool:
        async with self._store.read() as uow:
            return any(pin_of(each) == pin for each in await uow.deployments.all())

    async def _run(self, listener: Listener) -> None:
        told = ""
        while True:
            try:
                await self.run_once()
                told = ""
                await self._woken(listener)
            except _Stopping:
                return
            except ServeryError as error:
                if told != str(error):  # once, not every second
                    log.warning("what is deployed can't be pinned or unpinned just now: %s", error)
                told = str(error)
                await asyncio.sleep(self._retry_s)
            except Exception:
                log.exception("pinning failed")
                await asyncio.sleep(self._retry_s)

    async def _woken(self, listener: Listener) -> None:
        try:
            await listener.changed()
        except Unavailable as error:
            raise _Stopping from error

    @asynccontextmanager
    async def _alone(self, pin: Pin) -> AsyncIterator[None]:
        async with self._lock(pin):
            yield

    def _lock(self, pin: Pin) -> asyncio.Lock:
        lock = self._locks.get(pin)
        if lock is None:
            lock = self._locks[pin] = asyncio.Lock()
        return lock
