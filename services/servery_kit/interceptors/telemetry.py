"""A log line for each call: what it was, how it ended, how long it took."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from servery_kit.interceptors.guard import Call, Guard

log = logging.getLogger(__name__)

_OURS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}


class Telemetry(Guard):
    """Stands outside of `Errors`, so that it sees the status that the caller gets."""

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            code = _code(call)
            level = logging.ERROR if code in _OURS else logging.DEBUG
            if log.isEnabledFor(level):
                took = (time.perf_counter() - begin) * 1000
                log.log(level, "%s %s %.1f ms", call.method, code.name, took)


def _code(call: Call) -> grpc.StatusCode:
    code: object = call.context.code()  # 0 or None, by version of grpcio, until somebody sets one
    return code if isinstance(code, grpc.StatusCode) else grpc.StatusCode.OK
