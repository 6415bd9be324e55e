"""Every call has an id: the caller's, or a new one. It is in the log lines, and comes back to the caller."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servery_kit import telemetry
from servery_kit.interceptors.guard import Call, Guard

KEY = "x-request-id"
_SAFE = re.compile(r"[A-Za-z0-9_.:/+=@-]{1,128}")


class RequestId(Guard):
    """Takes `x-request-id` from the metadata, if it is fit for a log line, and sends it back as trailing metadata."""

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        given = dict(call.context.invocation_metadata() or ()).get(KEY, "")
        current = given if isinstance(given, str) and _SAFE.fullmatch(given) else uuid.uuid4().hex
        telemetry.request_id.set(current)
        call.context.set_trailing_metadata(((KEY, current),))
        yield
