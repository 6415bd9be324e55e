"""picklescan, in a process of its own: bytes of anyone's making can't hang, bloat or end the registry."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any, Final

from servery.errors import ServeryError
from servery_registry.domain.scan import CodeReport, Verdict

MEMORY_BYTES: Final = 2 * 1024**3
_ANSWER_BYTES: Final = 256 * 1024
_CHILD: Final = "servery_registry.adapters.scan.child"
# What the child needs to find Python and its packages; nothing that may be a secret.
_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "TMPDIR", "LANG")


class Picklescan:
    """Scans files of at most `max_bytes`; those of one version in `seconds` together, what is left over goes unscanned.

    At most `at_once` versions are scanned at a time.
    """

    def __init__(
        self, *, max_bytes: int, seconds: float, memory_bytes: int = MEMORY_BYTES, at_once: int = 2, child: str = _CHILD
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._turn = asyncio.Semaphore(at_once)
        self._child = child

    @property
    def name(self) -> str:
        """The name of the package and its version."""
        try:
            return f"picklescan {version('picklescan')}"
        except PackageNotFoundError:
            return "picklescan, which is not installed"

    @property
    def max_bytes(self) -> int:
        """The largest file it reads, in bytes."""
        return self._max_bytes

    @asynccontextmanager
    async def session(self) -> AsyncIterator["PicklescanSession"]:
        """As `domain.scan.CodeScanner` says."""
        deadline = time.monotonic() + self._seconds  # those who wait for their turn wait at their own expense
        async with self._turn:
            limits = (self._max_bytes, self._memory_bytes, max(1, round(self._seconds * 2)))
            session = PicklescanSession(self._child, limits, deadline)
            try:
                yield session
            finally:
                await session.close()


class PicklescanSession:
    """One child at work; another in its place when it died."""

    def __init__(self, child: str, limits: tuple[int, ...], deadline: float) -> None:
        self._child = child
        self._limits = limits
        self._deadline = deadline
        self._process: asyncio.subprocess.Process | None = None
        self._file: IO[bytes] | None = None

    async def look(self, path: str, format_: str, content: AsyncGenerator[bytes, None]) -> CodeReport:
        """As `domain.scan.CodeSession` says."""
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                fd = await self._filled(content)
                answer = await self._ask(fd, {"path": path, "format": format_})
        except ServeryError:
            await self.close()
            raise  # the content can't be read: not the scanner's fault
        except TimeoutError:
            await self.close()
            return _unscanned(format_, "the time for the scan of a version was over")
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            await self.close()
            return _unscanned(format_, f"the scanner ended ({type(error).__name__})")
        return _report(answer)

    async def close(self) -> None:
        """End the child, and forget what it read."""
        process, self._process = self._process, None
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # of a full disk, which an earlier write has told of
                file.close()
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - its pipes are nobody else's to close

    async def _filled(self, content: AsyncGenerator[bytes, None]) -> int:
        """Write a content into the file that the child reads, and give its descriptor."""
        if self._file is None:
            # It has no name: what a kill -9 leaves of it is nothing.
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the session
        file = self._file
        file.seek(0)
        file.truncate()
        async with aclosing(content):
            async for chunk in content:
                await asyncio.to_thread(_write, file, chunk)
        return file.fileno()

    async def _ask(self, fd: int, question: dict[str, str]) -> dict[str, Any]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self._child, str(fd), *map(str, self._limits)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=[fd],
                limit=_ANSWER_BYTES,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
                | {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ValueError("the child has no pipes")
        stdin.write(json.dumps(question).encode() + b"\n")
        await stdin.drain()
        answer = json.loads(await stdout.readuntil(b"\n"))
        if not isinstance(answer, dict):
            raise ValueError("the child does not answer")  # noqa: TRY004 - it is what was said, not what we passed
        return answer


def _write(file: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _report(answer: dict[str, Any]) -> CodeReport:
    format_ = str(answer["format"])
    partly = "; it could be read in part only" if answer["partly"] else ""
    if answer["dangerous"]:
        names = ", ".join(answer["dangerous"])
        return CodeReport(format=format_, verdict=Verdict.DANGEROUS, text=f"loading it imports {names}{partly}")
    if answer["error"]:
        return _unscanned(format_, answer["error"])
    if answer["suspicious"]:
        names = ", ".join(answer["suspicious"])
        text = f"loading it imports {names}, which the scanner does not know to be harmless{partly}"
        return CodeReport(format=format_, verdict=Verdict.SUSPICIOUS, text=text)
    if partly:
        return _unscanned(format_, f"nothing was found{partly}")
    return CodeReport(format=format_, verdict=Verdict.CLEAN, text="")


def _unscanned(format_: str, why: str) -> CodeReport:
    return CodeReport(format=format_, verdict=Verdict.UNSPECIFIED, text=f"not scanned for code: {why}")
