"""Deployments and their revisions in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from servery_kit.paging import Page
from servery_serving.adapters.sql.tables import deployments, revisions
from servery_serving.domain.deployment import (
    Aspect,
    Condition,
    Deployment,
    Engine,
    Observation,
    Revision,
    State,
    Status,
    already_exists,
    not_found,
)


class SqlDeployments:
    """Deployments within one transaction."""

    def __init__(self, connection: AsyncConnection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    async def add(self, deployment: Deployment) -> Deployment:
        values = {
            "project": deployment.project,
            "name": deployment.name,
            "description": deployment.description,
            "revision": deployment.revision.number,
            "creator": deployment.creator,
            "create_time": deployment.create_time,
            **_wish(deployment),
            **_observation(deployment),
        }
        try:
            added = await self._connection.execute(insert(deployments).values(values).returning(deployments.c.id))
        except IntegrityError as error:
            raise already_exists(deployment.project, deployment.name) from error
        deployment_id = added.scalar_one()
        await self._connection.execute(insert(revisions).values(_revision(deployment_id, deployment.revision)))
        return replace(deployment, id=deployment_id)

    async def get(self, project: str, name: str) -> Deployment:
        named = (deployments.c.project == project, deployments.c.name == name, deployments.c.deleting.is_(False))
        if self._writes:
            # For PostgreSQL; on SQLite the transaction itself is the lock. Locked first and read afterwards: a join
            # that waits for a lock keeps the revision it had found, and is empty when the wish has moved on meanwhile.
            await self._connection.execute(select(deployments.c.id).where(*named).with_for_update())
        query = _selected().where(*named)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise not_found(project, name)
        return _deployment(row)

    async def find(self, deployment_id: int) -> Deployment | None:
        query = _selected().where(deployments.c.id == deployment_id, deployments.c.deleting.is_(False))
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else _deployment(row)

    async def list(self, project: str, page: Page) -> tuple[Sequence[Deployment], str | None]:
        query = _selected().where(deployments.c.project == project, deployments.c.deleting.is_(False))
        if page.after is not None:
            query = query.where(deployments.c.name > page.after)
        query = query.order_by(deployments.c.name).limit(page.size + 1)
        found = [_deployment(row) for row in (await self._connection.execute(query)).mappings()]
        listed = found[: page.size]
        return listed, listed[-1].name if len(found) > page.size else None

    async def all(self) -> Sequence[Deployment]:
        query = _selected().order_by(deployments.c.project, deployments.c.name, deployments.c.id)
        return [_deployment(row) for row in (await self._connection.execute(query)).mappings()]

    async def last_revision(self, project: str, name: str) -> int:
        query = select(func.max(deployments.c.revision)).where(
            deployments.c.project == project, deployments.c.name == name
        )
        return (await self._connection.execute(query)).scalar_one() or 0

    async def wish(self, deployment: Deployment) -> None:
        change = update(deployments).where(deployments.c.id == deployment.id)
        await self._connection.execute(change.values({**_wish(deployment), **_observation(deployment)}))

    async def observe(self, deployment: Deployment) -> bool:
        same_wish = (deployments.c.id == deployment.id, deployments.c.etag == deployment.etag)
        changed = await self._connection.execute(
            update(deployments).where(*same_wish).values(_observation(deployment)).returning(deployments.c.id)
        )
        return changed.scalar_one_or_none() is not None

    async def remove(self, deployment_id: int) -> None:
        await self._connection.execute(delete(revisions).where(revisions.c.deployment_id == deployment_id))
        await self._connection.execute(delete(deployments).where(deployments.c.id == deployment_id))


def _selected() -> Select[Any]:
    """Deployments, each with the revision that is wished for."""
    wished = (revisions.c.deployment_id == deployments.c.id) & (revisions.c.number == deployments.c.revision)
    return select(
        deployments,
        revisions.c.number,
        revisions.c.model,
        revisions.c.model_version,
        revisions.c.version_id,
        revisions.c.framework,
        revisions.c.engine,
        revisions.c.create_time.label("revision_create_time"),
    ).join(revisions, wished)


def _deployment(row: RowMapping) -> Deployment:
    return Deployment(
        id=row["id"],
        project=row["project"],
        name=row["name"],
        description=row["description"],
        revision=Revision(
            number=row["number"],
            model=row["model"],
            model_version=row["model_version"],
            version_id=row["version_id"],
            framework=row["framework"],
            engine=Engine(row["engine"]),
            create_time=row["revision_create_time"],
        ),
        started=row["started"],
        ever_started=row["ever_started"],
        deleting=row["deleting"],
        observed=Observation(
            state=State(row["state"]),
            reason=row["reason"],
            conditions=tuple(_condition(each) for each in row["conditions"]),
        ),
        creator=row["creator"],
        create_time=row["create_time"],
        update_time=row["update_time"],
        etag=row["etag"],
    )


def _wish(deployment: Deployment) -> dict[str, object]:
    return {
        "started": deployment.started,
        "ever_started": deployment.ever_started,
        "deleting": deployment.deleting,
        "update_time": deployment.update_time,
        "etag": deployment.etag,
    }


def _observation(deployment: Deployment) -> dict[str, object]:
    return {
        "state": deployment.observed.state.value,
        "reason": deployment.observed.reason,
        "conditions": [
            {
                "aspect": condition.aspect.value,
                "status": condition.status.value,
                "reason": condition.reason,
                "last_transition_time": condition.last_transition_time.isoformat(),
            }
            for condition in deployment.observed.conditions
        ],
    }


def _condition(stored: dict[str, str]) -> Condition:
    return Condition(
        aspect=Aspect(stored["aspect"]),
        status=Status(stored["status"]),
        reason=stored["reason"],
        last_transition_time=datetime.fromisoformat(stored["last_transition_time"]),
    )


def _revision(deployment_id: int, revision: Revision) -> dict[str, object]:
    return {
        "deployment_id": deployment_id,
        "number": revision.number,
        "model": revision.model,
        "model_version": revision.model_version,
        "version_id": revision.version_id,
        "framework": revision.framework,
        "engine": revision.engine.value,
        "create_time": revision.create_time,
    }
