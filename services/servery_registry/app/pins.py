"""Use cases of pins."""

from collections.abc import Callable
from datetime import datetime

from servery.errors import NotFound
from servery_registry.app.versions import visible_version
from servery_registry.domain.pin import must_be_usable
from servery_registry.domain.unit_of_work import BeginWork


class PinUseCases:
    """Pin and unpin versions. `clock` gives the time in UTC."""

    def __init__(self, begin_work: BeginWork, clock: Callable[[], datetime]) -> None:
        self._begin_work = begin_work
        self._clock = clock

    async def pin(self, project: str, model: str, number: int, user: str) -> None:
        """Say that somebody uses a version.

        Raise NotFound when there is none that is finalised, FailedPrecondition when it is not READY but QUARANTINED.
        """
        async with self._begin_work() as work:
            seen = await visible_version(work, project, model, number)
            version = await work.versions.lock(seen.id)
            must_be_usable(version)
            await work.pins.add(version.id, user, self._clock())
            await work.commit()

    async def unpin(self, project: str, model: str, number: int, user: str) -> None:
        """Say that somebody uses a version no more; nothing happens when there is no such pin, or no such version."""
        async with self._begin_work() as work:
            try:
                version = await work.versions.get(project, model, number)
            except NotFound:
                return
            await work.pins.remove(version.id, user)
            await work.commit()
