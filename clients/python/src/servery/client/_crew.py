"""Several transfers at once: a bounded number of threads, which stop together."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from servery.client._transfer import Patience
from servery.errors import Cancelled, InvalidArgument

Job = TypeVar("Job")

PARALLEL: Final = 3
"""Files under way at once, as in Hopsworks' client."""

MOST: Final = 32


class Crew:
    """Runs a function for each job in threads of its own. The first failure stops all, and so does Ctrl-C."""

    def __init__(self, parallel: int = PARALLEL) -> None:
        if not 1 <= parallel <= MOST:
            raise InvalidArgument(f"parallel must be 1 to {MOST}, not {parallel}", field="parallel")
        self._parallel = parallel
        self._stopped = threading.Event()
        self._calls: set[Any] = set()
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def run(self, function: Callable[[Job], object], jobs: Iterable[Job]) -> None:
        """Run them all, once; raise what the first one raised that failed, when none runs any more."""
        pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="servery-transfer")
        try:
            futures = [pool.submit(self._one, function, job) for job in jobs]
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            self.stop()
            pool.shutdown(wait=True, cancel_futures=True)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Cancel the calls that run, and let no other begin."""
        self._stopped.set()
        with self._lock:
            calls = list(self._calls)
        for call in calls:
            call.cancel()

    @property
    def stopped(self) -> bool:
        """All shall stop."""
        return self._stopped.is_set()

    def check(self) -> None:
        """Raise Cancelled when all shall stop."""
        if self._stopped.is_set():
            raise _given_up()

    @contextmanager
    def watch(self, call: Any) -> Iterator[None]:
        """While the block runs, the call is cancelled when all shall stop."""
        with self._lock:
            self._calls.add(call)
        try:
            if self._stopped.is_set():
                call.cancel()
            yield
        finally:
            with self._lock:
                self._calls.discard(call)

    def patience(self) -> Patience:
        """Patience that ends when all shall stop."""
        return Patience(sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        """Wait, or raise Cancelled as soon as all shall stop."""
        self._stopped.wait(seconds)
        self.check()

    def _one(self, function: Callable[[Job], object], job: Job) -> None:
        try:
            self.check()
            function(job)
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error  # the others fail because of the first
            raise


def _given_up() -> Cancelled:
    return Cancelled("the transfer was given up; the same command again goes on with it")
