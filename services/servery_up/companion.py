"""A process that runs beside the stack and may end when it likes: the demo."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

from servery_up.output import Output
from servery_up.spawn import described, signal_to, spawn

_ENDS_WITHIN_S = 2.0


class Companion:
    """Started at once, so that its imports are done when it is told to go; its output is the launcher's own.

    It is told to go by a line on its standard input, and must wait for that.
    """

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], output: Output) -> None:
        self._name = name
        self._command = command
        self._env = env
        self._output = output
        self._process: Process | None = None
        self._told: int | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        read, self._told = os.pipe()
        try:
            self._process = await spawn(self._command, self._env, stdin=read, stdout=None, stderr=None)
        finally:
            os.close(read)
        self._watching = asyncio.create_task(self._watch(self._process))
        return self

    def go(self) -> None:
        """Tell it that the stack is up."""
        if self._told is not None:
            with suppress(BrokenPipeError):  # it failed already, which _watch tells
                os.write(self._told, b"go\n")

    async def __aexit__(self, *_: object) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._process is not None:
            signal_to(self._process, signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN_S)
            except TimeoutError:
                signal_to(self._process, signal.SIGKILL)
                await self._process.wait()
        if self._told is not None:
            os.close(self._told)

    async def _watch(self, process: Process) -> None:
        status = await process.wait()
        if status:
            self._output.say(f"{self._name} {described(status)}; the services go on without it")
