"""What users may do with deployments. Each change stores a wish and wakes the reconciler, which makes it come true."""

import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from servery.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from servery_kit.paging import Page
from servery_serving.app.changes import WORK, Changes, of_deployment
from servery_serving.app.pinning import Pinning
from servery_serving.domain import state
from servery_serving.domain.catalog import Catalog, ModelVersion
from servery_serving.domain.clock import Clock
from servery_serving.domain.deployment import (
    Deployment,
    Draft,
    Observation,
    Revision,
    State,
    already_exists,
    inferred_name,
    not_found,
)
from servery_serving.domain.pin import pin_of
from servery_serving.domain.request import Answered
from servery_serving.domain.unit_of_work import Store

_TRIES: Final = 3
"""So often a deployment is created anew under a name that others create and delete at the same time."""


class Wishes:
    """Create, get, list, start, stop, delete and follow deployments."""

    def __init__(self, *, store: Store, catalog: Catalog, pinning: Pinning, changes: Changes, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._pinning = pinning
        self._changes = changes
        self._clock = clock

    async def create(self, draft: Draft, *, creator: str, request_id: str = "") -> Deployment:
        """Store a deployment that is not started; for a request that was answered before, answer the same one.

        Raise NotFound when the registry has no such version, AlreadyExists when the name is taken, InvalidArgument
        when the request id was used for another request.
        """
        name = draft.name or inferred_name(draft.model)
        if again := await self._answered(draft, request_id):
            return again
        try:
            created = await self._create(draft, name, creator, request_id)
        except (AlreadyExists, Aborted):
            # The same request, sent twice at once: the other one was faster.
            if again := await self._answered(draft, request_id):
                return again
            raise
        self._changed(created)
        return created

    async def get(self, project: str, name: str) -> Deployment:
        """One deployment. Raise NotFound if there is none."""
        async with self._store.read() as uow:
            return await uow.deployments.get(project, name)

    async def list(self, project: str, page: Page) -> tuple[Sequence[Deployment], str | None]:
        """A page of a project's deployments, by name, and the name behind which the next one begins, if any."""
        async with self._store.read() as uow:
            return await uow.deployments.list(project, page)

    async def start(self, project: str, name: str) -> Deployment:
        """Wish that a deployment runs. Raise NotFound if there is none."""
        return await self._wish(project, name, started=True)

    async def stop(self, project: str, name: str) -> Deployment:
        """Wish that a deployment does not run. Raise NotFound if there is none."""
        return await self._wish(project, name, started=False)

    async def delete(self, project: str, name: str, *, force: bool = False) -> None:
        """Remove a deployment. Raise NotFound if there is none, FailedPrecondition when started and not forced."""
        async with self._store.write() as uow:
            deployment = await uow.deployments.get(project, name)
            if deployment.started and not force:
                raise FailedPrecondition(
                    f"deployment {name!r} is started; stop it first, or delete it with force",
                    reason="DEPLOYMENT_STARTED",
                    subject=f"deployment {name}",
                    metadata={"project": project, "deployment": name},
                )
            gone = replace(self._wished(deployment, started=False), deleting=True)
            await uow.deployments.wish(gone)
            await uow.commit()
        self._changed(gone)

    async def watch(self, project: str, name: str) -> AsyncIterator[Deployment]:
        """Follow a deployment: as it is now, then each new form; forms that nobody had time for are left out.

        Ends by raising: NotFound when it is deleted (or was not there), Unavailable when the service stops.
        """
        with self._changes.listen(of_deployment(project, name)) as listener:
            sent = await self.get(project, name)
            yield sent
            while True:
                await listener.changed()
                present = await self.get(project, name)
                if present.id != sent.id:  # deleted, and another was created under its name
                    raise not_found(project, name)
                if present != sent:
                    yield present
                    sent = present

    async def _create(self, draft: Draft, name: str, creator: str, request_id: str) -> Deployment:
        version = await self._catalog.resolve(draft.project, draft.model, draft.model_version)
        for _ in range(_TRIES):
            number = await self._free_revision(draft.project, name)
            new = self._new(draft, name, creator, _revision(draft, version, number, self._clock.now()))
            with suppress(Aborted):
                async with self._pinning.pinned(pin_of(new)):
                    return await self._add(new, draft, request_id)
        raise Aborted(
            f"deployment {name!r} is created and deleted by others at this moment; try again", reason="DEPLOYMENT_BUSY"
        )

    async def _free_revision(self, project: str, name: str) -> int:
        """The number of the first revision of a new deployment. Raise AlreadyExists when the name is taken."""
        async with self._store.read() as uow:
            try:
                await uow.deployments.get(project, name)
            except NotFound:
                # A node may still hold a deleted one of this name: what it says of that must not be taken for ours.
                return 1 + await uow.deployments.last_revision(project, name)
        raise already_exists(project, name)

    def _new(self, draft: Draft, name: str, creator: str, revision: Revision) -> Deployment:
        deployment = Deployment(
            id=0,
            project=draft.project,
            name=name,
            description=draft.description,
            revision=revision,
            observed=Observation(state=State.CREATED, reason=""),
            creator=creator,
            create_time=revision.create_time,
            update_time=revision.create_time,
            etag=_etag(),
        )
        return replace(deployment, observed=state.begun(deployment, revision.create_time))

    async def _add(self, new: Deployment, draft: Draft, request_id: str) -> Deployment:
        """Store a deployment whose version is pinned. Raise Aborted when its revision's number is not free any more."""
        async with self._store.write() as uow:
            if new.revision.number != 1 + await uow.deployments.last_revision(new.project, new.name):
                raise Aborted(f"somebody else has just created or removed deployment {new.name!r}; try again")
            deployment = await uow.deployments.add(new)
            if request_id:
                answered = Answered(
                    project=draft.project,
                    request_id=request_id,
                    digest=_digest(draft),
                    deployment_id=deployment.id,
                    create_time=new.create_time,
                )
                await uow.requests.add(answered)
            await uow.unpins.remove(pin_of(new))  # it is needed from here on
            await uow.commit()
        return deployment

    async def _answered(self, draft: Draft, request_id: str) -> Deployment | None:
        if not request_id:
            return None
        async with self._store.read() as uow:
            answered = await uow.requests.get(draft.project, request_id)
            if answered is None:
                return None
            if answered.digest != _digest(draft):
                raise InvalidArgument(
                    f"request_id {request_id} was used for another request; take a new one",
                    field="request_id",
                    reason="REQUEST_ID_REUSED",
                )
            deployment = await uow.deployments.find(answered.deployment_id)
        if deployment is None:
            raise NotFound(
                f"the deployment that request {request_id} created was deleted; "
                "take a new request_id to create another",
                reason="DEPLOYMENT_DELETED",
                resource_type="deployment",
                resource_name=draft.name or inferred_name(draft.model),
            )
        return deployment

    async def _wish(self, project: str, name: str, *, started: bool) -> Deployment:
        async with self._store.write() as uow:
            deployment = await uow.deployments.get(project, name)
            if deployment.started is started:
                return deployment
            deployment = self._wished(deployment, started=started)
            await uow.deployments.wish(deployment)
            await uow.commit()
        self._changed(deployment)
        return deployment

    def _wished(self, deployment: Deployment, *, started: bool) -> Deployment:
        now = self._clock.now()
        wished = replace(
            deployment,
            started=started,
            ever_started=deployment.ever_started or started,
            update_time=now,
            etag=_etag(),
        )
        return replace(wished, observed=state.begun(wished, now))

    def _changed(self, deployment: Deployment) -> None:
        self._changes.notify(WORK)
        self._changes.notify(of_deployment(deployment.project, deployment.name))


def _revision(draft: Draft, version: ModelVersion, number: int, now: datetime) -> Revision:
    return Revision(
        number=number,
        model=draft.model,
        model_version=version.number,
        version_id=version.id,
        framework=version.framework,
        engine=draft.engine,
        create_time=now,
    )


def _etag() -> str:
    return uuid.uuid4().hex[:16]


def _digest(draft: Draft) -> str:
    return hashlib.sha256(repr(draft).encode()).hexdigest()
