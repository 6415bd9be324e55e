"""A clock that a test moves by hand."""

from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands still until `advance` is called."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1000.0 + self._passed

    def advance(self, seconds: float) -> None:
        self._passed += seconds
