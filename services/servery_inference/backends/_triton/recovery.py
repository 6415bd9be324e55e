"""Getting a model back that Triton has lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from servery.errors import ServeryError, Unavailable
from servery_inference.backends._triton.answers import Fault

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 1.0
"""While Triton is away: each try costs a connection."""

LONGEST_PAUSE_WHEN_REFUSED_S: Final = 30.0
"""While Triton refuses the model: each try sends and loads all of it."""


class Recovery:
    """Repeats `attempt` until it succeeds; one run at a time. `name` is for the log."""

    def __init__(self, name: str, attempt: Callable[[Fault], Awaitable[None]]) -> None:
        self._name = name
        self._attempt = attempt
        self._task: asyncio.Task[None] | None = None
        self.setback: ServeryError | None = None
        """Why the last attempt of the running recovery failed."""

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def begin(self, fault: Fault, text: str) -> None:
        """Start, unless it is running. `text` is what Triton said, for the log."""
        if not self.running:
            log.warning("%s: %s: %s", self._name, fault.value, text)
            self.setback = None
            self._task = asyncio.create_task(self._run(fault), name=f"recovery of {self._name}")

    async def stop(self) -> None:
        """End, recovered or not."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self, fault: Fault) -> None:
        pause = FIRST_PAUSE_S
        while True:
            try:
                await self._attempt(fault)
            except ServeryError as error:
                log.warning("%s: %s", self._name, error)
                self.setback = error
            else:
                return
            await asyncio.sleep(pause)
            away = isinstance(self.setback, Unavailable)
            pause = min(2 * pause, LONGEST_PAUSE_S if away else LONGEST_PAUSE_WHEN_REFUSED_S)
