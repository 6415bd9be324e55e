"""The registry as a process of its own."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest


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
            if found := re.search(r"SERVING: listening on (\S+)", line):
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
    env = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
    env |= {"SERVERY_HOME": str(home), "SERVERY_REGISTRY_BIND": "127.0.0.1:0"} | settings
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "servery_registry", env=env, stderr=asyncio.subprocess.PIPE
    )
    process = Process(started)
    try:
        yield process
    finally:
        await process.end(signal.SIGKILL)
