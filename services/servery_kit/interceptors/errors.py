"""The one place where what is raised becomes a status."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from servery._grpc_errors import STATUS_METADATA_KEY, to_code, to_status
from servery.errors import Internal, ServeryError
from servery_kit.interceptors.guard import Call, Guard

log = logging.getLogger(__name__)


class Errors(Guard):
    """Servery's errors go out with their details; anything else is a bug: its traceback stays in the log."""

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        try:
            yield
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except ServeryError as error:
            await _abort(call, error)
        except Exception:
            log.exception("%s failed", call.method)
            await _abort(call, Internal("internal error"))


async def _abort(call: Call, error: ServeryError) -> None:
    status = to_status(error)
    trailing = tuple(call.context.trailing_metadata() or ())
    await call.context.abort(
        to_code(error), status.message, (*trailing, (STATUS_METADATA_KEY, status.SerializeToString()))
    )
