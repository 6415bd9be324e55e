"""All or nothing: what is changed in one unit of work is stored with its commit, together."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from servery_serving.domain.deployment import Deployments
from servery_serving.domain.pin import Unpins
from servery_serving.domain.request import Requests


class UnitOfWork(Protocol):
    """Open from the beginning to the end of the block. What is not committed by then never was."""

    @property
    def deployments(self) -> Deployments: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def unpins(self) -> Unpins: ...

    async def commit(self) -> None:
        """Store what was changed. Last in the block."""


class Store(Protocol):
    """Opens units of work. Entering one may raise Unavailable."""

    def write(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read and change."""

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """To read only: waits for no writer."""
