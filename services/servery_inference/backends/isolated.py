"""A model in a worker: a process of its own, reached as a KServe v2 endpoint."""

from servery_inference.backends.remote import Remote
from servery_inference.domain.assignment import Observe
from servery_inference.domain.model import EncodedResponse, InferRequest, Signature, Source
from servery_inference.domain.ports import Worker, Workers


class Isolated:
    """Starts a worker for the source, and forwards to it."""

    def __init__(self, source: Source, workers: Workers, observe: Observe) -> None:
        self._source = source
        self._workers = workers
        self._observe = observe
        self._worker: Worker | None = None
        self._remote: Remote | None = None

    async def load(self) -> Signature:
        self._worker = await self._workers.start(self._source, self._observe)
        self._remote = Remote(self._source, address=self._worker.address)
        return await self._remote.load()

    async def infer(self, request: InferRequest) -> EncodedResponse:
        assert self._remote is not None, "load comes first"  # noqa: S101
        return await self._remote.infer(request)

    async def close(self) -> None:
        try:
            if self._remote is not None:
                await self._remote.close()
        finally:
            if self._worker is not None:
                await self._worker.stop()
