"""Create requests that bore an id, remembered so that sending one again does nothing twice."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Protocol

from servery.errors import InvalidArgument

REMEMBERED: Final = timedelta(hours=24)
"""For so long at least a create request can be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A create request that was answered."""

    project: str
    method: str
    request_id: str
    """A UUID of the caller's; unique within project and method."""

    fingerprint: str
    """Of all the rest of the request: see `fingerprint`."""

    made: str
    """Name of what it created."""

    create_time: datetime


class Requests(Protocol):
    """Where create requests are remembered. Every method is part of the unit of work it is reached through."""

    async def get(self, project: str, method: str, request_id: str) -> Remembered | None:
        """None when no such request was answered."""

    async def add(self, request: Remembered) -> None:
        """Raise Aborted when the same request is being answered elsewhere at this moment."""

    async def forget(self, before: datetime) -> int:
        """Forget the requests that were answered before that time; how many they were."""


def fingerprint(request: Any) -> str:
    """A digest of a request, a dataclass: equal for equal requests, whatever the order of its mappings."""
    content = json.dumps(asdict(request), sort_keys=True, default=_plain)
    return hashlib.sha256(content.encode()).hexdigest()


def must_be_the_same(remembered: Remembered, asked: str) -> None:
    """Raise InvalidArgument when an id comes again with another request. `asked`: the fingerprint of that one."""
    if remembered.fingerprint != asked:
        raise InvalidArgument(
            "request_id was used before, for another request; give every request an id of its own",
            field="request_id",
            reason="REQUEST_ID_REUSED",
        )


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no place in a request")
