"""Running a service as a process: settings, logs, signals, exit codes."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from servery_kit import telemetry
from servery_kit.config import CannotStart, Settings, load

S = TypeVar("S", bound=Settings)


def run(main: Callable[[S], Awaitable[None]], settings: type[S]) -> None:
    """Run a service until it is signalled. Exit code 2 means that it can't start as it is told to."""
    try:
        config = load(settings)
        config.home.mkdir(parents=True, exist_ok=True)
        telemetry.configure(config.table, config.log_level, config.log_format)
    except (CannotStart, OSError) as error:
        _give_up(error)
    try:
        asyncio.run(_awaited(main(config)))
    except CannotStart as error:
        _give_up(error)


def _give_up(error: Exception) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


async def _awaited(running: Awaitable[None]) -> None:
    await running


async def until_signalled() -> signal.Signals:
    """Wait for SIGTERM or SIGINT. A second signal while the service drains ends the process at once."""
    loop = asyncio.get_running_loop()
    received: asyncio.Future[signal.Signals] = loop.create_future()

    def handle(number: signal.Signals) -> None:
        if not received.done():
            received.set_result(number)
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(each)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle, number)
    return await received
