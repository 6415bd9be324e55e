"""Worker processes: started with nothing of this process's environment, watched, and started anew when they die."""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import servery
import servery_inference
from servery.errors import FailedPrecondition
from servery_inference.domain.assignment import Observe, State
from servery_inference.domain.model import Source

log = logging.getLogger(__name__)

CANT_LOAD: Final = 3
"""Exit code of a worker that can't load its model; the last line it wrote says why, for the user."""

_VARIABLES: Final = (
    "PATH", "LANG", "LC_ALL", "TZ",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
)  # fmt: skip
_LONGEST_SOCKET_PATH: Final = 99  # bytes; the kernel's own limit is 107, and gRPC adds to it
_LINES: Final = 20
_LINE_BYTES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for workers, in seconds."""

    ready_s: float = 120.0
    """Until a worker that starts must answer."""

    stop_s: float = 5.0
    """Between SIGTERM and SIGKILL."""

    crash_window_s: float = 60.0
    crashes: int = 5
    """So many deaths in the window, and the worker counts as failed."""

    failed_s: float = 30.0
    """Between two attempts then."""


class ProcessWorkers:
    """Starts workers with sockets in one folder."""

    def __init__(self, folder: Path, patience: Patience = Patience()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_orphans(folder)
        self._folder = folder
        self._patience = patience
        self._numbers = itertools.count(1)

    async def start(self, source: Source, observe: Observe) -> "ProcessWorker":
        """As `domain.ports.Workers` says."""
        worker = ProcessWorker(source, self._socket(), observe, self._patience)
        try:
            await worker.start()
        except BaseException:
            await worker.stop()
            raise
        return worker

    def _socket(self) -> Path:
        name = f"{os.getpid()}-{next(self._numbers)}.sock"
        path = self._folder / name
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            path = Path(tempfile.mkdtemp(prefix="servery-")) / name
        return path


class ProcessWorker:
    """One worker, through all the processes that it may need."""

    def __init__(self, source: Source, socket: Path, observe: Observe, patience: Patience) -> None:
        self._source = source
        self._socket = socket
        self._observe = observe
        self._patience = patience
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._last: deque[str] = deque(maxlen=_LINES)
        self._name = f"{source.deployment}/{source.revision}"

    @property
    def address(self) -> str:
        return f"unix:{self._socket}"

    @property
    def pid(self) -> int:
        """Of the process that runs now, or ran last."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start the first process. Raise FailedPrecondition when it does not come to answer."""
        await self._spawn()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise worker {self._name}")

    async def stop(self) -> None:
        """End the process; remove the socket."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        await self._end()
        self._socket.unlink(missing_ok=True)
        if self._socket.parent.name.startswith("servery-"):
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()

    async def _spawn(self) -> None:
        self._socket.unlink(missing_ok=True)
        self._last.clear()
        self._process = await asyncio.create_subprocess_exec(
            # -P: the folder that it starts in is not a place to import from.
            sys.executable, "-P", "-u", "-m", "servery_inference.worker", self.address, _encoded(self._source),
            env=_environment(self._socket.parent),
            cwd=self._socket.parent,
            stdin=asyncio.subprocess.PIPE,  # never written to: its end tells the worker that this process is gone
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal is for this process, which then stops its workers
        )  # fmt: skip
        self._output = asyncio.create_task(self._read(self._process), name=f"output of worker {self._name}")
        try:
            async with asyncio.timeout(self._patience.ready_s):
                await self._until_it_answers(self._process)
        except TimeoutError:
            await self._end()
            raise FailedPrecondition(
                f"the worker of '{self._source.deployment}' did not get ready in {self._patience.ready_s:g} s"
                f"{self._last_words()}",
                reason="WORKER_NOT_READY",
            ) from None

    async def _until_it_answers(self, process: asyncio.subprocess.Process) -> None:
        while True:
            try:
                _, writer = await asyncio.open_unix_connection(str(self._socket))
            except OSError:  # it listens once the model is loaded
                pass
            else:
                writer.close()
                return
            try:
                async with asyncio.timeout(0.02):
                    code = await process.wait()
            except TimeoutError:
                continue
            await self._output_read()
            raise FailedPrecondition(self._death(code), reason="WORKER_FAILED")

    async def _supervise(self) -> None:
        deaths: deque[float] = deque(maxlen=self._patience.crashes)
        while True:
            assert self._process is not None  # noqa: S101  # start() spawned one
            code = await self._process.wait()
            await self._output_read()
            reason = self._death(code)
            log.warning("%s", reason)
            await self._respawn(reason, deaths)

    async def _respawn(self, reason: str, deaths: deque[float]) -> None:
        while True:
            deaths.append(time.monotonic())
            while deaths[-1] - deaths[0] > self._patience.crash_window_s:
                deaths.popleft()
            looping = len(deaths) == deaths.maxlen
            if looping:
                self._observe(State.FAILED, f"{reason}; it is started again every {self._patience.failed_s:g} s")
                await asyncio.sleep(self._patience.failed_s)
            else:
                self._observe(State.LOADING, f"{reason}; it is being started again")
                await asyncio.sleep(0.1 * (2 ** (len(deaths) - 1) - 1))
            try:
                await self._spawn()
            except FailedPrecondition as error:
                reason = str(error)
                log.warning("%s", reason)
            else:
                log.info("the worker of '%s' answers again", self._source.deployment)
                self._observe(State.READY, "")
                return

    async def _end(self) -> None:
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(self._patience.stop_s):
                    await process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        await self._output_read()

    async def _output_read(self) -> None:
        """Wait for the last lines, unless a process that the worker left behind holds the pipe open."""
        if self._output is not None:
            await asyncio.wait([self._output], timeout=1.0)
            self._output.cancel()
            await asyncio.gather(self._output, return_exceptions=True)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101  # a pipe was asked for
        rest = b""
        while piece := await process.stdout.read(65536):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._heard(line)
            if len(rest) > _LINE_BYTES:
                self._heard(rest)
                rest = b""
        if rest:
            self._heard(rest)

    def _heard(self, line: bytes) -> None:
        text = "".join(char if char.isprintable() else " " for char in line[:_LINE_BYTES].decode(errors="replace"))
        if text.strip():
            self._last.append(text)
            log.info("[%s] %s", self._name, text)

    def _death(self, code: int) -> str:
        if code == CANT_LOAD and self._last:
            return self._last[-1]
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"the worker of '{self._source.deployment}' {how}{self._last_words()}"

    def _last_words(self) -> str:
        words = " | ".join(list(self._last)[-3:])
        return f"; its last lines: {words[-600:]}" if words else ""


def _encoded(source: Source) -> str:
    fields: dict[str, Any] = {name: getattr(source, name) for name in Source.__dataclass_fields__}
    return json.dumps(fields | {"folder": str(source.folder)})


def _environment(home: Path) -> dict[str, str]:
    """What a worker may know: where programs are, in what language, how many threads; and where our own code is."""
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    roots = dict.fromkeys(str(Path(str(package.__file__)).parent.parent) for package in (servery_inference, servery))
    return kept | {"HOME": str(home), "PYTHONPATH": os.pathsep.join(roots)}


def _remove_orphans(folder: Path) -> None:
    """Remove the sockets of processes that are gone without having done so."""
    for path in folder.glob("*-*.sock"):
        owner = path.name.partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            path.unlink(missing_ok=True)
