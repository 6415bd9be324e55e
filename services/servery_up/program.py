"""What the launcher is to run."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class CannotStart(Exception):
    """The stack can't start as it is told to. The message says what to change; the exit code is 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One service as a process of its own."""

    name: str
    """What its log lines begin with."""

    command: tuple[str, ...]
    """Program and arguments; the program is a path, or is looked up in PATH."""

    bind: str
    """host:port on which it listens, or unix:/path."""

    variable: str
    """The setting that moves it to another port."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Variables over those of the launcher."""

    drain_s: float = 10.0
    """Seconds that its running calls get to finish when it is stopped."""
