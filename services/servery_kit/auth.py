"""Who sends a request. No gRPC in it: the hook that reads it from a call is `interceptors.auth`."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody, or a service, as far as it is known."""

    name: str


ANONYMOUS = Principal(name="anonymous")

principal: ContextVar[Principal] = ContextVar("principal", default=ANONYMOUS)
"""Sender of the request that the running task answers."""


class Authenticator(Protocol):
    """Finds out who sends a request."""

    async def __call__(self, metadata: Mapping[str, str]) -> Principal:
        """Raise Unauthenticated when the metadata claims what is not so."""


async def nobody_asked(metadata: Mapping[str, str]) -> Principal:
    """The authenticator while authentication is off."""
    return ANONYMOUS
