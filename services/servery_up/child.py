"""Becomes another program that dies with its parent: `python -I -S child.py PARENT_PID PROGRAM ARGUMENT...`.

A parent that is killed with SIGKILL can't stop its children. On Linux a process can ask to be killed then, and the wish
survives exec, so this small program asks and becomes the real one, under the same pid. To ask between fork and exec
instead would run Python in a forked copy of a process with threads, which may hang. Elsewhere than on Linux children
outlive a launcher that is killed, and hold their ports until they are stopped by hand.

It is run by its path, without site-packages: that costs 20 ms a process instead of 100.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program, *_ = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)  # it died before it was asked for
    try:
        os.execvp(program, sys.argv[2:])  # noqa: S606  # no shell is meant
    except OSError as error:
        print(f"error: can't start {program}: {error.strerror}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
