"""Models without files: what the loader of an inference node needs, in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from servery_inference.domain.assignment import Assignment, Observe
from servery_inference.domain.model import InferRequest, InferResponse, Signature, Source
from servery_inference.domain.tensor import TensorSpec

SIGNATURE = Signature(
    platform="fake",
    inputs=(TensorSpec(name="x", datatype="FP32", shape=(-1, 2)),),
    outputs=(TensorSpec(name="y", datatype="FP32", shape=(-1, 2)),),
)


class FakeBackend:
    """Echoes its input. What it went through is in `history`; clear `gate` to hold it up."""

    def __init__(self, source: Source, observe: Observe, failure: Exception | None) -> None:
        self.source = source
        self.observe = observe
        self.history: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._failure = failure

    async def load(self) -> Signature:
        self.history.append("load")
        await self.gate.wait()
        if self._failure is not None:
            raise self._failure
        return SIGNATURE

    async def infer(self, request: InferRequest) -> InferResponse:
        self.history.append("infer")
        await self.gate.wait()
        return InferResponse(outputs=request.inputs)

    async def close(self) -> None:
        self.history.append("close")


class FakeBackends:
    """Opens fakes, and keeps them in `opened`. Put exceptions into `failures` for loads to come to grief."""

    def __init__(self) -> None:
        self.opened: list[FakeBackend] = []
        self.failures: list[Exception] = []
        self.prepare: Callable[[FakeBackend], None] = lambda backend: None

    def open(self, source: Source, observe: Observe) -> FakeBackend:
        backend = FakeBackend(source, observe, self.failures.pop(0) if self.failures else None)
        self.prepare(backend)
        self.opened.append(backend)
        return backend


class FakeArtifacts:
    """Every version has its files at once. Put exceptions into `failures` for the next fetches to raise."""

    def __init__(self) -> None:
        self.fetched: list[Assignment] = []
        self.failures: list[Exception] = []

    async def fetch(self, assignment: Assignment) -> Path:
        self.fetched.append(assignment)
        if self.failures:
            raise self.failures.pop(0)
        return Path("/nowhere") / assignment.version_id


class FakeSleep:
    """A clock that the test moves: `waits` has each sleep's seconds, `wake` ends those that wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._wake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        await self._wake.wait()

    def wake(self) -> None:
        self._wake.set()
        self._wake = asyncio.Event()
