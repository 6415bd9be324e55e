"""What the loader needs of the world."""

from pathlib import Path
from typing import Protocol

from servery_inference.domain.assignment import Assignment, Observe
from servery_inference.domain.model import Backend, Source


class Artifacts(Protocol):
    """Files of model versions."""

    async def fetch(self, assignment: Assignment) -> Path:
        """The folder with the version's files, complete and verified. Nobody may write into it.

        Raise NotFound when the registry has no such version, Unavailable when it does not answer, DataLoss when the
        bytes are not those it promised.
        """


class Backends(Protocol):
    """Whatever can run a model."""

    def open(self, source: Source, observe: Observe) -> Backend:
        """A backend that is not loaded yet. It calls `observe` when, once loaded, it goes down or comes back.

        Raise FailedPrecondition when nothing here can run the source.
        """


class Worker(Protocol):
    """A process of its own that holds one model and answers KServe v2."""

    @property
    def address(self) -> str:
        """Where it answers, as gRPC writes it. Stays the same when the process is replaced by a new one."""

    async def stop(self) -> None:
        """End the process, and do not start it again."""


class Workers(Protocol):
    """Starts workers, and starts anew those that die."""

    async def start(self, source: Source, observe: Observe) -> Worker:
        """A worker that answers. Raise FailedPrecondition, with the worker's own words, when it can't be had."""
