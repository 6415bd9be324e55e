"""Time, as a port: tests move it by hand."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The time of day, in UTC: what is shown to people."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back. What leases are counted in."""
