"""One supervised process: started, watched, started again when it dies, stopped."""

import asyncio
import signal
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections import deque
from collections.abc import Callable

from servery_kit.channel import open_channel
from servery_kit.healthcheck import ask
from servery_up.backoff import Backoff
from servery_up.lines import passed_on
from servery_up.output import Output
from servery_up.ports import reached_at
from servery_up.program import CannotStart, Program
from servery_up.spawn import described, signal_to, spawn

CONFIGURATION_ERROR = 2
KILL_AFTER_S = 5.0
"""Seconds beyond its drain time that a process gets to end by itself."""

_POLL_S = 0.05
_LAST_LINES = 20


class Supervised:
    """A program that runs until it is stopped, in as many processes one after the other as it takes."""

    def __init__(self, program: Program, output: Output, changed: Callable[[], None] = lambda: None) -> None:
        self.program = program
        self.address = reached_at(program.bind)
        self.healthy = asyncio.Event()
        """Set while the running process answers SERVING."""
        self._output = output
        self._changed = changed
        self._process: Process | None = None
        self._was_healthy = False
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None while there is none."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep_running(self) -> None:
        """Run until stopped.

        Raise CannotStart, with its last lines, when it ends with exit code 2 before it was ever healthy: it was told
        something wrong, and to tell it again won't help. Later the same code is a death like any other.
        """
        backoff = Backoff()
        while not self._stopping.is_set():
            began = time.monotonic()
            last: deque[str] = deque(maxlen=_LAST_LINES)
            status = await self._run_once(last)
            self._changed()
            if self._stopping.is_set():
                return
            if status == CONFIGURATION_ERROR and not self._was_healthy:
                words = "\n".join(f"    {line}" for line in last)
                raise CannotStart(f"{self.program.name} can't start as it is told to:\n{words}")
            await self._pause(status, backoff.after(time.monotonic() - began))

    async def stop(self) -> None:
        """SIGTERM; SIGKILL when it is still there 5 s after its drain time. Return when it is gone."""
        self._stopping.set()
        if (process := self._process) is None:
            return
        signal_to(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self.program.drain_s + KILL_AFTER_S)
        except TimeoutError:
            self._output.say(f"{self.program.name} does not stop; killing it")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End it now, and all that it started."""
        self._stopping.set()
        if self._process is not None:
            signal_to(self._process, signal.SIGKILL)

    async def _run_once(self, last: deque[str]) -> int:
        def sink(line: str) -> None:
            last.append(line)
            self._output.line(self.program.name, line)

        async with passed_on(sink) as descriptor:
            self._process = await spawn(
                self.program.command, self.program.env, stdin=DEVNULL, stdout=descriptor, stderr=STDOUT
            )
            if self._stopping.is_set():  # by a signal that came while it was being started
                self.kill()
            self._changed()
            watching = asyncio.create_task(self._watch_health())
            try:
                return await self._process.wait()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                self.healthy.clear()

    async def _watch_health(self) -> None:
        began = time.monotonic()
        async with open_channel(self.address) as channel:
            while await ask(channel):  # noqa: ASYNC110  # what another process does has no event here
                await asyncio.sleep(_POLL_S)
        self.healthy.set()
        if self._was_healthy:
            self._output.say(f"{self.program.name} answers again after {time.monotonic() - began:.1f} s")
        self._was_healthy = True

    async def _pause(self, status: int, delay_s: float) -> None:
        when = f"in {delay_s:g} s" if delay_s else "at once"
        self._output.say(f"{self.program.name} {described(status)}; starting it again {when}")
        try:
            await asyncio.wait_for(self._stopping.wait(), delay_s)
        except TimeoutError:
            return
