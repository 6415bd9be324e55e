"""Makes the node hold what it is told to hold."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

from servery.errors import ServeryError
from servery_inference.app.repository import Loaded, Repository
from servery_inference.domain.assignment import Assignment, State, Status
from servery_inference.domain.model import Backend, Source
from servery_inference.domain.ports import Artifacts, Backends

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 30.0


class Loader:
    """Holds the assignments. Each is worked on by a task of its own, so that none waits for another."""

    def __init__(
        self,
        artifacts: Artifacts,
        backends: Backends,
        repository: Repository,
        *,
        drain_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`drain_s` is how long a dropped revision may finish its requests."""
        self.changed = asyncio.Event()
        """Set when a status changes; whoever waits for it clears it."""

        self._artifacts = artifacts
        self._backends = backends
        self._repository = repository
        self._drain_s = drain_s
        self._sleep = sleep
        self._wanted: frozenset[Assignment] = frozenset()
        self._held: dict[Assignment, _Held] = {}
        self._dropping: set[asyncio.Task[None]] = set()

    def apply(self, assignments: Iterable[Assignment]) -> None:
        """Hold exactly these. What is held and not among them goes once its deployment's new revision answers."""
        self._wanted = frozenset(assignments)
        for assignment in self._wanted:
            if assignment not in self._held:
                held = _Held(assignment)
                self._held[assignment] = held
                held.task = asyncio.create_task(self._hold(held), name=f"hold {assignment}")
        self._retire()
        self._tell()

    def statuses(self) -> list[Status]:
        """What is observed of each assignment that is held or worked on."""
        return [held.status for held in self._held.values()]

    async def close(self) -> None:
        """Drop everything."""
        self.apply(())
        await asyncio.gather(*self._dropping)

    async def _hold(self, held: "_Held") -> None:
        delay = FIRST_RETRY_S
        while not await self._load(held):
            await self._sleep(delay)
            delay = min(2 * delay, LAST_RETRY_S)

    async def _load(self, held: "_Held") -> bool:
        assignment = held.assignment
        try:
            self._observe(held, State.FETCHING)
            folder = await self._artifacts.fetch(assignment)
            self._observe(held, State.LOADING)
            backend = self._backends.open(_source(assignment, folder), lambda *seen: self._observe(held, *seen))
            held.loaded = await _loaded(assignment, backend)
        except ServeryError as error:
            log.warning("%s can't be loaded: %s", assignment, error)
            self._observe(held, State.FAILED, str(error))
            return False
        except Exception:
            log.exception("%s can't be loaded", assignment)
            self._observe(
                held, State.FAILED, "loading failed unexpectedly; the log of the inference node has the cause"
            )
            return False
        self._repository.put(held.loaded)
        log.info("%s answers: version %s of model %s", assignment, assignment.model_version, assignment.model)
        self._observe(held, State.READY)
        self._retire()
        return True

    def _observe(self, held: "_Held", state: State, reason: str = "") -> None:
        if held.loaded is not None:
            held.loaded.available = state is State.READY
        status = Status(held.assignment, state, reason)
        if status != held.status:
            held.status = status
            self._tell()

    def _tell(self) -> None:
        waiting: dict[tuple[str, str], bool] = {}
        for held in self._held.values():
            key = held.assignment.project, held.assignment.deployment
            waiting[key] = waiting.get(key, False) or held.status.state is not State.FAILED
        self._repository.expect(waiting)
        self.changed.set()

    def _retire(self) -> None:
        """Drop what is not wanted, but for what still answers in place of a new revision."""
        coming: dict[tuple[str, str], bool] = {}
        for held in self._held.values():
            if held.assignment in self._wanted:
                key = held.assignment.project, held.assignment.deployment
                coming[key] = coming.get(key, True) and held.loaded is None
        for held in list(self._held.values()):
            kept = held.loaded is not None and coming.get((held.assignment.project, held.assignment.deployment), False)
            if held.assignment not in self._wanted and not kept:
                del self._held[held.assignment]
                task = asyncio.create_task(self._drop(held), name=f"drop {held.assignment}")
                self._dropping.add(task)
                task.add_done_callback(self._dropping.discard)
                self._tell()

    async def _drop(self, held: "_Held") -> None:
        if held.loaded is None:
            if held.task is not None:
                held.task.cancel()
                await asyncio.gather(held.task, return_exceptions=True)
            if held.loaded is None:
                return
        loaded: Loaded = held.loaded
        self._repository.remove(loaded)
        try:
            async with asyncio.timeout(self._drain_s):
                await loaded.drained()
        except TimeoutError:
            log.warning("%s is closed under requests that did not end in %g s", held.assignment, self._drain_s)
        await _closed(loaded.backend, held.assignment)
        log.info("%s is dropped", held.assignment)


class _Held:
    """An assignment and how far it is."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.status = Status(assignment, State.FETCHING)
        self.loaded: Loaded | None = None
        self.task: asyncio.Task[None] | None = None


async def _loaded(assignment: Assignment, backend: Backend) -> Loaded:
    try:
        return Loaded(assignment, backend, await backend.load())
    except BaseException:
        await _closed(backend, assignment)
        raise


async def _closed(backend: Backend, assignment: Assignment) -> None:
    try:
        await backend.close()
    except Exception:
        log.exception("the backend of %s did not close", assignment)


def _source(assignment: Assignment, folder: Path) -> Source:
    return Source(
        project=assignment.project,
        deployment=assignment.deployment,
        revision=assignment.revision,
        model=assignment.model,
        model_version=assignment.model_version,
        version_id=assignment.version_id,
        framework=assignment.framework,
        engine=assignment.engine,
        folder=folder,
    )
