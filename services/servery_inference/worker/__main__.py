"""A process that holds one model: `python -m servery_inference.worker unix:/path SOURCE`, SOURCE being JSON.

It loads the model, then answers KServe v2 on the socket, until it is told to stop or whoever started it is gone. The
model's code runs here, and nothing else does.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
import threading
from importlib.metadata import version
from pathlib import Path

from servery.errors import ServeryError
from servery_inference.adapters.workers import CANT_LOAD
from servery_inference.api import oip
from servery_inference.app.data_plane import DataPlane, Server
from servery_inference.app.repository import Loaded, Repository
from servery_inference.backends import in_process
from servery_inference.domain.assignment import Assignment
from servery_inference.domain.model import Source
from servery_kit import interceptors, telemetry
from servery_kit.process import until_signalled
from servery_kit.server import running

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run until signalled. Exit code CANT_LOAD: the last line of the output says why the model can't be loaded."""
    _die_with_parent()
    address, encoded = sys.argv[1:]
    fields = json.loads(encoded)
    source = Source(**{**fields, "folder": Path(fields["folder"])})
    telemetry.configure("worker", "INFO", "text")
    try:
        asyncio.run(_serve(address, source))
    except ServeryError as error:
        print(str(error).replace("\n", " "), file=sys.stderr, flush=True)
        sys.exit(CANT_LOAD)


async def _serve(address: str, source: Source) -> None:
    backend = in_process(source)
    try:
        signature = await backend.load()
        repository = Repository()
        repository.expect({})
        repository.put(Loaded(_assignment(source), backend, signature))
        plane = DataPlane(repository, Server(name="servery-worker", version=version("servery"), extensions=()))
        # What comes here passed the limits of the front door.
        async with running(address, [oip.service(plane)], interceptors.standard(), message_bytes=-1, drain_s=3.0):
            await until_signalled()
            plane.drain()
    finally:
        await backend.close()


def _assignment(source: Source) -> Assignment:
    return Assignment(
        project=source.project,
        deployment=source.deployment,
        revision=source.revision,
        model=source.model,
        model_version=source.model_version,
        version_id=source.version_id,
        framework=source.framework,
        engine=source.engine,
    )


def _die_with_parent() -> None:
    """End when the parent does, however it does.

    The kernel's signal ends a worker that is stuck in a computation; the pipe on standard input is for other systems,
    and for a parent that was gone before the signal was asked for.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        os._exit(1)

    pipe = os.dup(0)
    # The model's code gets an empty standard input.
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=watch, name="parent", daemon=True).start()


main()
