"""What can be freed, and the account of it."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MAX_NAMED: Final = 1000
"""So many things are named one by one in an account."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Garbage:
    """Something that nobody needs: a content, the parts of an upload, or, with neither name, a torn write."""

    size_bytes: int
    sha256: str = ""
    upload_id: str = ""


@dataclass(slots=True)
class Account:
    """What was, or would be, freed. Holds no more than the largest MAX_NAMED things, however many there are."""

    count: int = 0
    size_bytes: int = 0
    _largest: list[Garbage] = field(default_factory=list)

    def add(self, garbage: Garbage) -> None:
        self.count += 1
        self.size_bytes += garbage.size_bytes
        if len(self._largest) < MAX_NAMED:
            heapq.heappush(self._largest, garbage)
        else:
            heapq.heappushpop(self._largest, garbage)

    @property
    def largest(self) -> Sequence[Garbage]:
        """The largest first."""
        return sorted(self._largest, reverse=True)
