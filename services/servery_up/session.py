"""One run of `servery up`, from the lock to the last process gone."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from servery_up.companion import Companion
from servery_up.interrupts import Interrupts, interrupts
from servery_up.lock import held
from servery_up.output import Output
from servery_up.ports import check_free
from servery_up.program import Program
from servery_up.record import Record
from servery_up.stack import HEALTHY_WITHIN_S, Stack


async def run(
    home: Path,
    programs: Sequence[Program],
    output: Output,
    *,
    announce: Callable[[], None],
    companion: Companion | None = None,
    healthy_within_s: float = HEALTHY_WITHIN_S,
) -> None:
    """Run the programs until a signal comes. `announce` is called once, when all are healthy.

    Raise CannotStart when the home is held, a port is taken, or a program refuses what it is told; NotHealthy when not
    all answer in time. Whatever is raised, no process is left.
    """
    record = Record(home)
    with held(home), interrupts() as received:
        record.remove()
        check_free(programs)
        try:
            async with Stack(programs, output, record.update) as stack, AsyncExitStack() as beside:
                beside.push_async_callback(_stop, stack, received)
                if companion is not None:
                    await beside.enter_async_context(companion)
                if not await _unless(received.stop, stack.healthy(healthy_within_s)):
                    return
                record.begin(stack.services)
                announce()
                if companion is not None:
                    companion.go()
                await _unless(received.stop, stack.ended())
                output.say("stopping; Ctrl-C again kills")
        finally:
            record.remove()


async def _stop(stack: Stack, received: Interrupts) -> None:
    stopping = asyncio.create_task(stack.stop())
    if not await _unless(received.at_once, _awaited(stopping)):
        stack.kill()
        await stopping


async def _awaited(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


async def _unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do `work` to its end, unless `event` comes first: then cancel it and answer False."""
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        return task.done()
    finally:
        task.cancel()
        waiting.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
