"""One launcher a home: a file that is locked as long as the launcher lives, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servery_up.program import CannotStart


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the home. Raise CannotStart, which names the process, when another launcher holds it."""
    path = home / "run" / "up.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CannotStart(f"can't use {home} as home: {error.strerror}; set SERVERY_HOME, or --home") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode(errors="replace").strip() or "unknown"
            raise CannotStart(
                f"servery up runs on {home} already (pid {holder}): stop it, or choose another home with --home"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: to remove it would let a third launcher lock a new one while a second waits on this.
        os.close(file)
