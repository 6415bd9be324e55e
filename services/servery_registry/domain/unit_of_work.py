"""What happens together or not at all."""

from types import TracebackType
from typing import Protocol, Self

from servery_registry.domain.alias import Aliases
from servery_registry.domain.content import Contents
from servery_registry.domain.file import Files
from servery_registry.domain.model import Models
from servery_registry.domain.pin import Pins
from servery_registry.domain.remembered import Requests
from servery_registry.domain.tag import Tags, TagSchemas
from servery_registry.domain.upload import Uploads
from servery_registry.domain.version import InputExamples, Versions


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without `commit` undoes what was done in it.

    Raises Unavailable when the store does not answer, ResourceExhausted when it is full.
    """

    @property
    def models(self) -> Models: ...

    @property
    def versions(self) -> Versions: ...

    @property
    def files(self) -> Files: ...

    @property
    def uploads(self) -> Uploads: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def input_examples(self) -> InputExamples: ...

    @property
    def aliases(self) -> Aliases: ...

    @property
    def tags(self) -> Tags: ...

    @property
    def tag_schemas(self) -> TagSchemas: ...

    @property
    def pins(self) -> Pins: ...

    @property
    def contents(self) -> Contents: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        """Make all of it lasting, and seen by others."""


class BeginWork(Protocol):
    """Where units of work come from."""

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        """A new unit of work, to be entered once. One that only reads does not wait for those that write."""
