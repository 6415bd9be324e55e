"""Starting a process out of reach of the terminal's Ctrl-C, which never outlives the launcher."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_CHILD = str(Path(__file__).with_name("child.py"))


async def spawn(
    command: Sequence[str], env: Mapping[str, str], *, stdin: int, stdout: int | None, stderr: int | None
) -> Process:
    """Start `command`, with `env` over the launcher's variables, in a session of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", _CHILD, str(os.getpid()), *command),
        env={**os.environ, **env},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def signal_to(process: Process, number: signal.Signals) -> None:
    """Signal a process; SIGKILL goes to all of its group, so that its own children go with it."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        if number is signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)


def described(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
