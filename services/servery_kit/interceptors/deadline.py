"""The caller's deadline is known below, so that what is asked of other services for it does not outlive it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servery_kit import channel
from servery_kit.interceptors.guard import Call, Guard


class Deadline(Guard):
    """Makes the deadline known as `channel.deadline`, which calls to other services keep to."""

    @asynccontextmanager
    async def around(self, call: Call) -> AsyncIterator[None]:
        left: float | None = call.context.time_remaining()  # None without a deadline, whatever the stubs say
        channel.deadline.set(None if left is None else time.monotonic() + left)
        yield
