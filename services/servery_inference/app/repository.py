"""The models that this node answers for."""

import asyncio
from types import TracebackType
from typing import Final

from servery.errors import NotFound, ResourceExhausted, Unavailable
from servery_inference.domain.assignment import Assignment
from servery_inference.domain.check import Check
from servery_inference.domain.model import Backend, Signature

MAX_IN_FLIGHT: Final = 1024
"""Requests that one revision answers at a time. More are refused, so that a slow model can't fill the memory."""


class Loaded:
    """A revision that answers. `with loaded:` around each answer keeps it from being closed underneath."""

    def __init__(self, assignment: Assignment, backend: Backend, signature: Signature) -> None:
        self.assignment = assignment
        self.backend = backend
        self.signature = signature
        self.version = str(assignment.model_version)
        self.check = Check(signature, assignment.deployment)
        self.available = True
        """False while its backend is down and on the way back."""

        self._in_flight = 0
        self._drained: asyncio.Event | None = None

    def __enter__(self) -> None:
        if self._in_flight >= MAX_IN_FLIGHT:
            raise ResourceExhausted(
                f"'{self.assignment.deployment}' already answers {MAX_IN_FLIGHT} requests; send fewer at a time",
                reason="TOO_MANY_REQUESTS",
                retry_after_s=0.1,
            )
        self._in_flight += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_flight -= 1
        if self._drained is not None and not self._in_flight:
            self._drained.set()

    async def drained(self) -> None:
        """Wait until no request is being answered."""
        if self._in_flight:
            self._drained = asyncio.Event()
            await self._drained.wait()


class Repository:
    """Finds the revision that answers a request."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], list[Loaded]] = {}
        self._waiting: dict[tuple[str, str], bool] = {}
        self._told = False

    @property
    def told(self) -> bool:
        """Whether the node has heard yet what it shall hold."""
        return self._told

    def expect(self, waiting: dict[tuple[str, str], bool]) -> None:
        """Know which deployments are on their way, by project and name; False where the last attempt failed."""
        self._waiting = waiting
        self._told = True

    def put(self, loaded: Loaded) -> None:
        """Let a revision answer, from now on and before all older ones."""
        revisions = self._loaded.setdefault(_key(loaded.assignment), [])
        revisions.append(loaded)
        revisions.sort(key=lambda each: each.assignment.revision)

    def remove(self, loaded: Loaded) -> None:
        """Let a revision answer no further request. Those it is at are not touched."""
        revisions = self._loaded[_key(loaded.assignment)]
        revisions.remove(loaded)
        if not revisions:
            del self._loaded[_key(loaded.assignment)]

    def pick(self, project: str, deployment: str, version: int | None) -> Loaded:
        """The newest revision of a deployment, or the newest that serves this version of the model.

        Raise NotFound when there is none, Unavailable when it is on its way.
        """
        revisions = self._loaded.get((project, deployment))
        if not revisions:
            raise self._absent(project, deployment)
        if version is None:
            return revisions[-1]
        for loaded in reversed(revisions):
            if loaded.assignment.model_version == version:
                return loaded
        raise _not_found(f"Request for unknown model: '{deployment}' version {version} is not found", deployment)

    def versions(self, project: str, deployment: str) -> list[str]:
        """The versions of the model that answer under this name, oldest first."""
        found = {each.assignment.model_version for each in self._loaded.get((project, deployment), ())}
        return [str(number) for number in sorted(found)]

    def _absent(self, project: str, deployment: str) -> NotFound | Unavailable:
        hopeful = self._waiting.get((project, deployment))
        if hopeful or not self._told:
            return Unavailable(
                f"Request for unknown model: '{deployment}' is not at ready state",
                reason="MODEL_NOT_READY",
                retry_after_s=1.0,
            )
        if hopeful is None:
            return _not_found(f"Request for unknown model: '{deployment[:255]}' is not found", deployment)
        return _not_found(f"Request for unknown model: '{deployment}' has no available versions", deployment)


def _key(assignment: Assignment) -> tuple[str, str]:
    return assignment.project, assignment.deployment


def _not_found(message: str, deployment: str) -> NotFound:
    return NotFound(message, resource_type="model", resource_name=deployment[:255], reason="MODEL_NOT_FOUND")
