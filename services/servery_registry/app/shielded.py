"""Steps that a cancellation must not cut in two."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await what a cancellation must not cut in two; the cancellation goes on afterwards.

    A connection that drops cancels the call. What is being stored or removed then must be there or not be there before
    anybody else looks.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue  # told once more; it stays with the end of the work
        if not task.cancelled():
            task.exception()  # the caller is gone; nobody else asks for it
        raise
