"""The registry as a process of its own, its log in a file, so that it may say as much as it likes."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.eventually import eventually


@asynccontextmanager
async def running_registry(home: Path, *, cwd: Path, log: Path, **settings: str) -> AsyncIterator[str]:
    """Start a registry and give its address. Killed at the end."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
    env |= {"SERVERY_HOME": str(home), "SERVERY_REGISTRY_BIND": "127.0.0.1:0"} | settings
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "servery_registry", env=env, cwd=cwd, stderr=out
        )

    async def address() -> str:
        said = await asyncio.to_thread(log.read_text)
        assert process.returncode is None, said
        found = re.search(r"SERVING: listening on (\S+)", said)
        return found[1] if found else ""

    try:
        yield await eventually(address, bool, timeout_s=60)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
