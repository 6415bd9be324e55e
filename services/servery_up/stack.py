"""The set of processes: started together, stopped in order."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from servery_up.output import Output
from servery_up.process import Supervised
from servery_up.program import Program

HEALTHY_WITHIN_S = 30.0


class NotHealthy(Exception):
    """Not all services answer in time. The message says which don't."""


class Stack:
    """Supervised processes, as a context: what is started inside is gone when it is left."""

    def __init__(
        self,
        programs: Iterable[Program],
        output: Output,
        changed: Callable[[Mapping[str, tuple[str, int | None]]], None] = lambda services: None,
    ) -> None:
        self._processes = [Supervised(program, output, lambda: changed(self.services)) for program in programs]
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def services(self) -> dict[str, tuple[str, int | None]]:
        """Name to address and pid; a pid of None means that there is no process just now."""
        return {each.program.name: (each.address, each.pid) for each in self._processes}

    async def __aenter__(self) -> Self:
        self._keepers = [asyncio.create_task(each.keep_running(), name=each.program.name) for each in self._processes]
        return self

    async def __aexit__(self, *_: object) -> None:
        if any(not keeper.done() for keeper in self._keepers):
            await self.stop()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def healthy(self, within_s: float = HEALTHY_WITHIN_S) -> None:
        """Wait until all answer SERVING. Raise NotHealthy after `within_s`, CannotStart when one is told nonsense."""
        waiting = asyncio.gather(*(each.healthy.wait() for each in self._processes))
        tasks: list[asyncio.Future[Any]] = [waiting, *self._keepers]
        try:
            for task in (await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED))[0]:
                task.result()
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        if silent := [each for each in self._processes if not each.healthy.is_set()]:
            names = ", ".join(f"{each.program.name} ({each.address})" for each in silent)
            raise NotHealthy(f"not healthy within {within_s:g} s: {names}; their log lines above say why")

    async def ended(self) -> None:
        """Wait until a process is no longer kept running. While none is stopped, that is a bug, and it is raised."""
        for task in (await asyncio.wait(self._keepers, return_when=asyncio.FIRST_COMPLETED))[0]:
            task.result()

    async def stop(self) -> None:
        """Stop one after the other, the last that was started first."""
        for each in reversed(self._processes):
            await each.stop()

    def kill(self) -> None:
        """End all now."""
        for each in self._processes:
            each.kill()
