"""Waiting for what another task or process is about to do: polling with a deadline, never a bare sleep."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T]], until: Callable[[T], bool], *, timeout_s: float = 20.0) -> T:
    """What `look` gives as soon as `until` agrees with it. Fails, showing the last look, when that takes too long."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen = await look()
        if until(seen):
            return seen
        assert time.monotonic() < deadline, f"after {timeout_s:g} s it is still {seen!r}"
        await asyncio.sleep(0.01)
