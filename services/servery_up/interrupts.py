"""Signals that end the launcher: the first asks it to stop, the second to stop at once."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

# SIGHUP: the terminal was closed.
_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """What was received so far."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.at_once = asyncio.Event()

    def received(self) -> None:
        (self.at_once if self.stop.is_set() else self.stop).set()


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Take the signals over as long as the block runs."""
    loop = asyncio.get_running_loop()
    state = Interrupts()
    for number in _NUMBERS:
        loop.add_signal_handler(number, state.received)
    try:
        yield state
    finally:
        for number in _NUMBERS:
            loop.remove_signal_handler(number)
