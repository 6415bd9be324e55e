"""Serving's store in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from servery.errors import AlreadyExists
from servery_kit.paging import Page
from servery_serving.domain.deployment import Deployment, already_exists, not_found
from servery_serving.domain.pin import Pin
from servery_serving.domain.request import Answered


@dataclass
class _Rows:
    deployments: dict[int, Deployment] = field(default_factory=dict)
    requests: dict[tuple[str, str], Answered] = field(default_factory=dict)
    last_id: int = 0
    unpins: list[Pin] = field(default_factory=list)

    def copy(self) -> "_Rows":
        return _Rows(dict(self.deployments), dict(self.requests), self.last_id, list(self.unpins))


class MemoryStore:
    """Units of work on copies of the rows; commit puts the copy in their place. Set `error` to have it fail instead."""

    def __init__(self) -> None:
        self._rows = _Rows()
        self._writer = asyncio.Lock()
        self.error: Exception | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator["MemoryUnitOfWork"]:
        async with self._writer:
            yield self._unit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator["MemoryUnitOfWork"]:
        yield self._unit()

    def _unit(self) -> "MemoryUnitOfWork":
        if self.error:
            raise self.error
        return MemoryUnitOfWork(self)


class MemoryUnitOfWork:
    """What is changed in it is seen by others after commit."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._rows = store._rows.copy()
        self.deployments = MemoryDeployments(self._rows)
        self.requests = MemoryRequests(self._rows)
        self.unpins = MemoryUnpins(self._rows)

    async def commit(self) -> None:
        self._store._rows = self._rows


class MemoryDeployments:
    """Deployments by id."""

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    async def add(self, deployment: Deployment) -> Deployment:
        if any(each.name == deployment.name for each in self._of(deployment.project)):
            raise already_exists(deployment.project, deployment.name)
        self._rows.last_id += 1
        added = replace(deployment, id=self._rows.last_id)
        self._rows.deployments[added.id] = added
        return added

    async def get(self, project: str, name: str) -> Deployment:
        for each in self._of(project):
            if each.name == name:
                return each
        raise not_found(project, name)

    async def find(self, deployment_id: int) -> Deployment | None:
        found = self._rows.deployments.get(deployment_id)
        return None if found is None or found.deleting else found

    async def list(self, project: str, page: Page) -> tuple[Sequence[Deployment], str | None]:
        behind = sorted(
            (each for each in self._of(project) if page.after is None or each.name > page.after),
            key=lambda each: each.name,
        )
        listed = behind[: page.size]
        return listed, listed[-1].name if len(behind) > page.size else None

    async def all(self) -> Sequence[Deployment]:
        return sorted(self._rows.deployments.values(), key=lambda each: (each.project, each.name, each.id))

    async def last_revision(self, project: str, name: str) -> int:
        rows = self._rows.deployments.values()
        return max((e.revision.number for e in rows if (e.project, e.name) == (project, name)), default=0)

    async def wish(self, deployment: Deployment) -> None:
        self._rows.deployments[deployment.id] = deployment

    async def observe(self, deployment: Deployment) -> bool:
        stored = self._rows.deployments.get(deployment.id)
        if stored is None or stored.etag != deployment.etag:
            return False
        self._rows.deployments[deployment.id] = replace(stored, observed=deployment.observed)
        return True

    async def remove(self, deployment_id: int) -> None:
        self._rows.deployments.pop(deployment_id, None)

    def _of(self, project: str) -> Sequence[Deployment]:
        return [each for each in self._rows.deployments.values() if each.project == project and not each.deleting]


class MemoryRequests:
    """Answered requests by project and id."""

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    async def get(self, project: str, request_id: str) -> Answered | None:
        return self._rows.requests.get((project, request_id))

    async def add(self, answered: Answered) -> None:
        if (answered.project, answered.request_id) in self._rows.requests:
            raise AlreadyExists(f"request {answered.request_id} was answered already")
        self._rows.requests[answered.project, answered.request_id] = answered


class MemoryUnpins:
    """Pins to be undone, in the order in which they were written down."""

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    async def add(self, pin: Pin) -> None:
        if pin not in self._rows.unpins:
            self._rows.unpins.append(pin)

    async def remove(self, pin: Pin) -> None:
        if pin in self._rows.unpins:
            self._rows.unpins.remove(pin)

    async def all(self) -> Sequence[Pin]:
        return list(self._rows.unpins)
