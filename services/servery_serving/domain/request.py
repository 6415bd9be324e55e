"""Requests that were answered, so that the same request sent again gets the same answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A create that was done."""

    project: str
    request_id: str
    """A UUID in its canonical form, unique in the project."""

    digest: str
    """Of everything else in the request."""

    deployment_id: int
    create_time: datetime


class Requests(Protocol):
    """Where answered requests are kept. They outlive the deployment that they made."""

    async def get(self, project: str, request_id: str) -> Answered | None:
        """None if no such request was answered."""

    async def add(self, answered: Answered) -> None:
        """Raise AlreadyExists when the id is there already."""
