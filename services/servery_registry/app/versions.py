"""Use cases of versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from servery_registry.app.described import described_version, described_versions, touch
from servery_registry.domain.alias import LATEST, no_such_alias
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.remembered import Remembered, fingerprint, must_be_the_same
from servery_registry.domain.unit_of_work import BeginWork, UnitOfWork
from servery_registry.domain.version import (
    NewVersion,
    State,
    Version,
    VersionChange,
    Versions,
    must_be_complete,
    must_be_current,
    must_be_of,
    no_such_version,
    no_version_has,
)

_METHOD = "CreateVersion"


class VersionUseCases:
    """Create, get, list, update and finalise versions. `clock` gives the time in UTC, `new_id` a UUID."""

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
                    made = await work.versions.get(new.project, new.model, int(before.made))
                    return await described_version(work, made)
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
                schema=new.schema,
                provenance=new.provenance,
            )
            await work.versions.add(version)
            await work.input_examples.put(version.id, new.input_example)
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
            made = await described_version(work, version)
            await work.commit()
        return made

    async def get(
        self, project: str, model: str, number: int, *, show_pending: bool = False, alias: str = ""
    ) -> Version:
        """A version: by number, 0 for the latest, or by alias, "latest" too. Raise NotFound when none may be seen."""
        async with self._begin_work(read_only=True) as work:
            if alias not in ("", LATEST):
                number = await _named(work, project, model, alias)
            version = await visible_version(work, project, model, number, show_pending=show_pending)
            return await described_version(work, version)

    async def list(
        self, project: str, model: str, window: Window[int], *, show_pending: bool = False
    ) -> Listing[Version]:
        """Versions of a model, newest number first. Raise NotFound when there is no such model."""
        async with self._begin_work(read_only=True) as work:
            await work.models.get(project, model)
            found = await work.versions.list(project, model, window, show_pending=show_pending)
            return await described_versions(work, found)

    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version:
        """The READY version with the highest, or lowest, value of a metric; of equal ones the newest.

        Raise NotFound when there is no such model, or no READY version of it has the metric.
        """
        async with self._begin_work(read_only=True) as work:
            await work.models.get(project, model)
            best = await work.versions.best(project, model, metric, highest=highest)
            if best is None:
                raise no_version_has(model, metric)
            return await described_version(work, best)

    async def update(self, project: str, model: str, number: int, change: VersionChange, *, etag: str = "") -> Version:
        """Change what is given, in whatever state the version is. A change to what is there already is none.

        Raise NotFound when there is no such version, Aborted when the etag is given and is not the present one,
        InvalidArgument when the framework is given and is another one.
        """
        async with self._begin_work() as work:
            owner = await work.models.lock(project, model)
            version = await _locked(work.versions, project, model, number)
            if version.state is State.DELETING:
                raise no_such_version(model, number)
            must_be_current(f"version {model}/{number}", version.etag, etag)
            must_be_of(version, change.framework)
            before = await described_version(work, version)
            fields = ("description", "metrics", "input_example", "schema", "provenance")
            given = {field: value for field in fields if (value := getattr(change, field)) is not None}
            changed = replace(before, **given)
            if changed != before:
                if changed.input_example != before.input_example:
                    await work.input_examples.put(version.id, changed.input_example)
                await touch(work, owner, [changed], self._clock(), self._new_id)
                changed = await described_version(work, await work.versions.lock(version.id))
                await work.commit()
            return changed

    async def finalize(self, project: str, model: str, number: int) -> Version:
        """Make a version READY, and the model's latest when its number is the highest.

        Raise NotFound when there is none, FailedPrecondition when it has no file or an upload is not committed.
        """
        async with self._begin_work() as work:
            owner = await work.models.lock(project, model)
            version = await _locked(work.versions, project, model, number)
            if version.state is State.READY:
                return await described_version(work, version)
            must_be_complete(version, await work.uploads.unfinished(version.id))
            now = self._clock()
            ready = replace(version, state=State.READY, update_time=now, etag=self._new_id())
            await work.versions.save(ready)
            if number > owner.latest_version:
                await work.models.save(replace(owner, latest_version=number, update_time=now, etag=self._new_id()))
            ready = await described_version(work, ready)
            await work.commit()
        return ready


async def _locked(versions: Versions, project: str, model: str, number: int) -> Version:
    found = await versions.get(project, model, number)
    return await versions.lock(found.id)


async def _named(work: UnitOfWork, project: str, model: str, alias: str) -> int:
    await work.models.get(project, model)
    found = await work.aliases.get(project, model, alias)
    if found is None:
        raise no_such_alias(model, alias)
    return found.number


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
