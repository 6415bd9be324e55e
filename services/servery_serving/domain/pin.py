"""What keeps a version from being deleted while a revision uses it, and what is left to be undone of that."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from servery_serving.domain.deployment import Deployment

MAX_USER: Final = 255
"""So many characters the registry takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One revision's hold on a version, as the registry is told of it."""

    project: str
    model: str
    model_version: int
    user: str
    """Who holds it, for a person: see `user_of`."""


class Unpins(Protocol):
    """Pins that the registry may have although no revision needs them, until that is undone.

    A pin is written down here before the registry is told of it, and taken off in the unit of work that stores its
    revision; it is written down again in the one that removes the revision. So none is ever forgotten.
    """

    async def add(self, pin: Pin) -> None:
        """Write down a pin; one that is there stays."""

    async def remove(self, pin: Pin) -> None:
        """Take a pin off; nothing happens when it is not there."""

    async def all(self) -> Sequence[Pin]:
        """All of them, those first that were written down first."""


def user_of(project: str, deployment: str, revision: int) -> str:
    """Who uses the version of a revision: what a person reads who is refused its deletion."""
    user = f"deployment {project}/{deployment} revision {revision}"
    if len(user) > MAX_USER:  # two names that begin alike must not become one user
        digest = hashlib.sha256(user.encode()).hexdigest()[:32]
        user = f"{user[: MAX_USER - len(digest) - 2]}… {digest}"
    return user


def pin_of(deployment: Deployment) -> Pin:
    """The pin of what a deployment serves."""
    revision = deployment.revision
    return Pin(
        project=deployment.project,
        model=revision.model,
        model_version=revision.model_version,
        user=user_of(deployment.project, deployment.name, revision.number),
    )
