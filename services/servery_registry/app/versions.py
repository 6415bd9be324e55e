"""Use cases of versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from servery.errors import Aborted
from servery_registry.app.described import described_version, described_versions, touch
from servery_registry.app.scanning import Scanning
from servery_registry.domain.alias import LATEST, no_such_alias
from servery_registry.domain.file import File
from servery_registry.domain.filter import Filter
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.manifest import manifest_sha256
from servery_registry.domain.order import NEWEST, Key, Order
from servery_registry.domain.pin import must_not_be_used
from servery_registry.domain.remembered import Remembered, fingerprint, must_be_the_same
from servery_registry.domain.scan import Scan, Verdict
from servery_registry.domain.unit_of_work import BeginWork, UnitOfWork
from servery_registry.domain.version import (
    FINALISED,
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
_PAGE = 1000
_ATTEMPTS = 3


class VersionUseCases:
    """Create, get, list, update, finalise and delete versions. `clock` gives the time in UTC, `new_id` a UUID."""

    def __init__(
        self, begin_work: BeginWork, scanning: Scanning, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._begin_work = begin_work
        self._scanning = scanning
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
                    if made.create_time != before.create_time:  # deleted with its model, and another made anew
                        raise no_such_version(new.model, made.number)
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
            found = await work.versions.list(
                project, model, window, show_pending=show_pending, where=where, order=order
            )
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
        """Make a version READY, or QUARANTINED when a file is not what its name says; either is answered as it is.

        A READY one becomes the model's latest when its number is the highest. The files are looked at first, and what
        was found is stored in one transaction at the end: two calls at once do the work twice at most. Raise NotFound
        when there is none, FailedPrecondition when it has no file or an upload is not committed, Aborted when files
        come in all the time.
        """
        for _ in range(_ATTEMPTS):
            async with self._begin_work(read_only=True) as work:
                await work.models.get(project, model)
                version = await work.versions.get(project, model, number)
                if version.state in FINALISED:
                    return await described_version(work, version)
                must_be_complete(version, await work.uploads.unfinished(version.id))
                files = await _all_files(work, version)
            finalised = await self._store(version, manifest_sha256(files), await self._scanning.scan(files))
            if finalised is not None:
                return finalised
        raise Aborted(
            f"files of version {number} of model {model} changed while they were scanned; finalise it again when all"
            " are uploaded",
            reason="FILES_CHANGED",
        )

    async def _store(self, scanned: Version, manifest: str, scan: Scan) -> Version | None:
        """Finalise a version that was scanned; None when its files are not those of the manifest any more."""
        async with self._begin_work() as work:
            owner = await work.models.lock(scanned.project, scanned.model)
            version = await _locked(work.versions, scanned.project, scanned.model, scanned.number)
            if version.state in FINALISED:
                return await described_version(work, version)
            must_be_complete(version, await work.uploads.unfinished(version.id))
            if manifest_sha256(await _all_files(work, version)) != manifest:
                return None
            state = State.QUARANTINED if scan.verdict is Verdict.MISMATCH else State.READY
            now = self._clock()
            finalised = replace(
                version, state=state, manifest_sha256=manifest, scan=scan, update_time=now, etag=self._new_id()
            )
            await work.versions.save(finalised)
            if state is State.READY and version.number > owner.latest_version:
                latest = replace(owner, latest_version=version.number, update_time=now, etag=self._new_id())
                await work.models.save(latest)
            finalised = await described_version(work, finalised)
            await work.commit()
        return finalised

    async def delete(self, project: str, model: str, number: int, *, etag: str = "") -> None:
        """Remove a version in whatever state, and all that is said of it, at once. Its bytes are freed later.

        The highest READY one that is left becomes the latest. Raise NotFound when there is none of that number,
        FailedPrecondition when it is pinned, Aborted when the etag is given and is not the present one.
        """
        async with self._begin_work() as work:
            owner = await work.models.lock(project, model)
            version = await _locked(work.versions, project, model, number)
            must_be_current(f"version {model}/{number}", version.etag, etag)
            must_not_be_used(version, await work.pins.users(version.id))
            await work.versions.remove(version.id)
            if number == owner.latest_version:
                latest = await work.versions.latest(project, model)
                now = self._clock()
                await work.models.save(replace(owner, latest_version=latest, update_time=now, etag=self._new_id()))
            await work.commit()


async def _all_files(work: UnitOfWork, version: Version) -> list[File]:
    files: list[File] = []
    more = True
    while more:
        page = await work.files.list(version.id, Window(size=_PAGE, after=files[-1].path if files else None))
        files += page.items
        more = page.more
    return files


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
    """A version, or for 0 the latest, as those see it who may see only what is finalised, or all."""
    owner = await work.models.get(project, model)
    wanted = number or owner.latest_version
    if not wanted:
        raise no_such_version(model, 0)
    version = await work.versions.get(project, model, wanted)
    if version.state not in FINALISED and not (show_pending and number):
        raise no_such_version(model, number)
    return version
