"""Who uses a version, and what that forbids."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from servery.errors import FailedPrecondition
from servery_registry.domain.version import State, Version

MAX_USER: Final = 255

_SHOWN = 3
_METADATA_BYTES = 3_000  # an answer's headers may have 8 KiB in all, and metadata grows by a third on the way


class Pins(Protocol):
    """Where pins are kept. Every method is part of the unit of work it is reached through."""

    async def add(self, version_id: str, user: str, time: datetime) -> None:
        """Pin a version that is locked. One that is pinned by that user stays as it is."""

    async def remove(self, version_id: str, user: str) -> None:
        """Unpin; nothing happens when there is no such pin."""

    async def users(self, version_id: str) -> Sequence[str]:
        """Who pins a version, in the order of their names."""


def must_be_usable(version: Version) -> None:
    """Raise FailedPrecondition when a version that is finalised is not to be used."""
    if version.state is not State.READY:
        raise FailedPrecondition(
            f"version {version.number} of model {version.model} is {version.state.value}, and only one that is READY is"
            " used; get it for what its scan found, and push a version whose files are what their names say",
            subject=f"version {version.model}/{version.number}",
            reason="VERSION_NOT_READY",
        )


def must_not_be_used(version: Version, users: Sequence[str]) -> None:
    """Raise FailedPrecondition, which names the users, when there are some.

    The metadata holds their number as `user_count`, and their names as `user_1`, `user_2` …, as many as an answer can
    carry.
    """
    if not users:
        return
    shown = ", ".join(users[:_SHOWN]) + (f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else "")
    metadata = {"user_count": str(len(users))}
    room = _METADATA_BYTES
    for place, user in enumerate(users, start=1):
        room -= len(user.encode())
        if room < 0:
            break
        metadata[f"user_{place}"] = user
    raise FailedPrecondition(
        f"version {version.number} of model {version.model} is in use by {shown}; delete those first",
        subject=f"version {version.model}/{version.number}",
        reason="VERSION_IN_USE",
        metadata=metadata,
    )
