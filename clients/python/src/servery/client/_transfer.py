"""What uploads and downloads share: how far they are, and how long they keep trying."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from servery.errors import Cancelled, DeadlineExceeded, ServeryError, Unavailable

Result = TypeVar("Result")

CHUNK_BYTES: Final = 1024 * 1024
CALL_TIMEOUT_S: Final = 120.0
"""Deadline of one streaming call. A transfer that takes longer goes on in another call, from where it was."""

MAX_FAILURES: Final = 18
"""Calls in a row that may fail without a byte of progress: about 15 s, enough for a service to be restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a push or a pull is. Sizes are bytes.

    It is told from other threads while bytes move, never from two at a time. Several files are under way at once.
    """

    stage: Literal["hash", "send", "receive"]
    """A push first reads all files for their digests, then sends them."""

    path: str
    file_done: int
    file_size: int
    total_done: int
    """Of all files, in this stage."""

    total_size: int


OnProgress = Callable[[Progress], None]


class Tally:
    """Counts the bytes of a number of files, and tells the caller. Safe to use from many threads."""

    def __init__(
        self, stage: Literal["hash", "send", "receive"], total_size: int, on_progress: OnProgress | None
    ) -> None:
        self._stage = stage
        self._total_size = total_size
        self._on_progress = on_progress
        self._done: dict[str, int] = {}
        self._total_done = 0
        self._lock = threading.Lock()

    def at(self, path: str, done: int, size: int) -> None:
        """Of this file, `done` bytes are through."""
        with self._lock:  # held while the caller is told, so that the calls are in order
            self._total_done += done - self._done.get(path, 0)
            self._done[path] = done
            if self._on_progress is not None:
                self._on_progress(
                    Progress(
                        stage=self._stage,
                        path=path,
                        file_done=done,
                        file_size=size,
                        total_done=self._total_done,
                        total_size=self._total_size,
                    )
                )

    def finished(self, path: str, size: int) -> None:
        """The file is through."""
        self.at(path, size, size)


class Patience:
    """Waits longer and longer between failures that trying again may cure, and gives up when nothing moves."""

    def __init__(self, *, failures: int = MAX_FAILURES, sleep: Callable[[float], None] = time.sleep) -> None:
        self._allowed = failures
        self._failures = 0
        self._sleep = sleep

    def progressed(self) -> None:
        """Something moved: the count of failures begins anew."""
        self._failures = 0

    def run(self, step: Callable[[], Result]) -> Result:
        """The result of a step that may be repeated, tried until it succeeds or patience ends."""
        while True:
            try:
                return step()
            except ServeryError as error:
                self.after(error)

    def after(self, error: ServeryError) -> None:
        """Wait before another attempt; raise the error when it was one too many, or no attempt can cure it."""
        self._failures += 1
        # Nobody cancels here: CANCELLED is what a server that stops makes of its running calls.
        if not isinstance(error, Unavailable | DeadlineExceeded | Cancelled) or self._failures >= self._allowed:
            raise error
        wait = min(0.2 * 2.0 ** min(self._failures - 1, 10), 1.0)
        if isinstance(error, Unavailable) and error.retry_after_s is not None:
            wait = max(wait, min(error.retry_after_s, 30.0))
        self._sleep(wait * random.uniform(0.8, 1.2))  # noqa: S311  # spreads clients, guards no secret
