"""What a failing model says, made fit for the eyes of its callers."""

import re
from typing import Final

LONGEST: Final = 400

_FOLDERS: Final = re.compile(r"(?<![\w.])/(?:[^\s\"':,]+/)*")


def first_line(error: Exception) -> str:
    """The first line of what an error says, its kind if it says nothing. No folder of this machine is in it."""
    line = str(error).strip().partition("\n")[0]
    return _FOLDERS.sub("", line)[:LONGEST] or type(error).__name__


def named_line(error: Exception) -> str:
    """The same, behind the kind of the error: "ValueError: Input X contains NaN."."""
    name, line = type(error).__name__, first_line(error)
    return name if line == name else f"{name}: {line}"
