"""Log lines of many processes in one stream, each with the name of its process before it."""

import os
from collections.abc import Iterable, Mapping
from typing import TextIO

_COLOURS = (36, 35, 33, 32, 34)  # cyan, magenta, yellow, green, blue: readable on black and on white
_OWN = "up"


def colour_wanted(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Colour is for terminals, and not for those who set NO_COLOR to anything but empty (no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


class Output:
    """Writes whole lines. A stream that is closed by its reader is written to no more; the services go on."""

    def __init__(self, stream: TextIO, names: Iterable[str], *, colour: bool) -> None:
        listed = [_OWN, *names]
        width = max(len(name) for name in listed)
        self._prefix = {name: f"{name:<{width}} | " for name in listed}
        if colour:
            for index, name in enumerate(listed):
                code = 1 if name == _OWN else _COLOURS[(index - 1) % len(_COLOURS)]
                self._prefix[name] = f"\x1b[{code}m{self._prefix[name]}\x1b[0m"
        self._stream: TextIO | None = stream

    def line(self, name: str, text: str) -> None:
        """A line that the process `name` wrote."""
        if self._stream is None:
            return
        try:
            self._stream.write(f"{self._prefix[name]}{text}\n")
            self._stream.flush()
        except OSError:
            self._stream = None

    def say(self, text: str) -> None:
        """What the launcher itself has to say, a line or more."""
        for line in text.splitlines():
            self.line(_OWN, line)
