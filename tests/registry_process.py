"""The registry as a process of its own."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.eventually import eventually

_LISTENS = re.compile(r"SERVING: listening on (\S+)")


class Process:
    """`python -m servery_registry`, and where it listens."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.address = ""
        self.log = ""

    async def wait_until_it_listens(self) -> None:
        assert self.process.stderr is not None
        while line := (await self.process.stderr.readline()).decode():
            self.log += line
            if found := _LISTENS.search(line):
                self.address = found[1]
                return
        pytest.fail(f"it ended before it listened:\n{self.log}")

    async def end(self, number: signal.Signals) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        _, rest = await self.process.communicate()
        self.log += rest.decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def registry_process(home, **settings: str) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "servery_registry", env=_env(home, settings), stderr=asyncio.subprocess.PIPE
    )
    process = Process(started)
    try:
        yield process
    finally:
        await process.end(signal.SIGKILL)


@asynccontextmanager
async def running_registry(home: Path, *, cwd: Path, log: Path, **settings: str) -> AsyncIterator[str]:
    """Start a registry, its log in a file so that it may say as much as it likes, and give its address."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "servery_registry", env=_env(home, settings), cwd=cwd, stderr=out
        )

    async def address() -> str:
        said = await asyncio.to_thread(log.read_text)
        assert process.returncode is None, said
        found = _LISTENS.search(said)
        return found[1] if found else ""

    try:
        yield await eventually(address, bool, timeout_s=60)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _env(home: Path, settings: dict[str, str]) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
    return env | {"SERVERY_HOME": str(home), "SERVERY_REGISTRY_BIND": "127.0.0.1:0"} | settings
