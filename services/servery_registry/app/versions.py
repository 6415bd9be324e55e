"""Use cases of versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from servery_registry.domain.filter import Filter
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.order import NEWEST, Key, Order
from servery_registry.domain.remembered import Remembered, fingerprint, must_be_the_same
from servery_registry.domain.unit_of_work import BeginWork, UnitOfWork
from servery_registry.domain.version import NewVersion, State, Version, Versions, must_be_complete, no_such_version

_METHOD = "CreateVersion"


class VersionUseCases:
    """Create, get, list and finalise versions. `clock` gives the time in UTC, `new_id` a UUID."""

    def __init__(self, begin_work: BeginWork, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._begin_work = begin_work
        self._clock = clock
        self._new_id = new_id

    async def create(self, new: NewVersion, *, creator: str, request_id: str = "") -> Version:
        """Create a version that is PENDING; answer a repeated request with what the first one made.

        Raise NotFound when there is no such model, AlreadyExists when the number is taken, InvalidArgument when
        `request_id` was used for another request.
        """
        now = self._clock()
        async with self._begin_work() as work:
            # The model is locked before anything is read, so that of two equal requests the second sees the first.
            await work.models.lock(new.project, new.model)
            asked = fingerprint(new) if request_id else ""
            if request_id:
                before = await work.requests.get(new.project, _METHOD, request_id)
                if before is not None:
                    must_be_the_same(before, asked)
                    return await work.versions.get(new.project, new.model, int(before.made))
            number = await work.models.take_number(new.project, new.model, new.number)
            version = Version(
                project=new.project,
                model=new.model,
                number=number,
                id=self._new_id(),
                state=State.PENDING,
                framework=new.framework,
                metrics=dict(new.metrics),
                description=new.description,
                creator=creator,
                create_time=now,
                update_time=now,
                etag=self._new_id(),
            )
            await work.versions.add(version)
            if request_id:
                await work.requests.add(
                    Remembered(
                        project=new.project,
                        method=_METHOD,
                        request_id=request_id,
                        fingerprint=asked,
                        made=str(number),
                        create_time=now,
                    )
                )
            await work.commit()
        return version

    async def get(self, project: str, model: str, number: int, *, show_pending: bool = False) -> Version:
        """A version, or for 0 the latest. Raise NotFound when there is none, or none that may be seen."""
        async with self._begin_work(read_only=True) as work:
            return await visible_version(work, project, model, number, show_pending=show_pending)

    async def list(
        self,
        project: str,
        model: str | None,
        window: Window[Key],
        *,
        show_pending: bool = False,
        where: Filter = (),
        order: Order = NEWEST,
    ) -> Listing[Version]:
        """Versions of a model, or for None of all of a project. Raise NotFound when there is no such model."""
        async with self._begin_work(read_only=True) as work:
            if model is not None:
                await work.models.get(project, model)
            return await work.versions.list(project, model, window, show_pending=show_pending, where=where, order=order)

    async def finalize(self, project: str, model: str, number: int) -> Version:
        """Make a version READY, and the model's latest when its number is the highest.

        Raise NotFound when there is none, FailedPrecondition when it has no file or an upload is not committed.
        """
        async with self._begin_work() as work:
            owner = await work.models.lock(project, model)
            version = await _locked(work.versions, project, model, number)
            if version.state is State.READY:
                return version
            must_be_complete(version, await work.uploads.unfinished(version.id))
            now = self._clock()
            ready = replace(version, state=State.READY, update_time=now, etag=self._new_id())
            await work.versions.save(ready)
            if number > owner.latest_version:
                await work.models.save(replace(owner, latest_version=number, update_time=now, etag=self._new_id()))
            await work.commit()
        return ready


async def _locked(versions: Versions, project: str, model: str, number: int) -> Version:
    found = await versions.get(project, model, number)
    return await versions.lock(found.id)


async def visible_version(
    work: UnitOfWork, project: str, model: str, number: int, *, show_pending: bool = False
) -> Version:
    """A version, or for 0 the latest, as those see it who may see only what is READY, or all."""
    owner = await work.models.get(project, model)
    wanted = number or owner.latest_version
    if not wanted:
        raise no_such_version(model, 0)
    version = await work.versions.get(project, model, wanted)
    if version.state is not State.READY and not (show_pending and number):
        raise no_such_version(model, number)
    return version
