"""How long to wait before a process that died is started again."""

FIRST_S = 0.5
LONGEST_S = 10.0
WELL_AFTER_S = 5.0


class Backoff:
    """At once the first time; then 0.5 s, doubling to 10 s, while it keeps dying."""

    def __init__(self) -> None:
        self._deaths = 0

    def after(self, lived_s: float) -> float:
        """Seconds to wait after a process that lived for `lived_s`. One that lived for 5 s was well: start anew."""
        self._deaths = 1 if lived_s >= WELL_AFTER_S else self._deaths + 1
        # The exponent is bounded, so that a loop of weeks stays a number.
        return 0.0 if self._deaths == 1 else min(LONGEST_S, FIRST_S * 2.0 ** min(self._deaths - 2, 10))
