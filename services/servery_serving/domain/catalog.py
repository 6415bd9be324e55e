"""What serving asks of the registry: which version a name and a number stand for, and to keep those that are used."""

from dataclasses import dataclass
from typing import Protocol

from servery_serving.domain.pin import Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A version that is complete, verified and immutable."""

    id: str
    """Unique everywhere."""

    number: int
    framework: str
    """"SKLEARN", "ONNX" …: Framework of the registry, without its prefix."""


class Catalog(Protocol):
    """The models that can be deployed."""

    async def resolve(self, project: str, model: str, number: int) -> ModelVersion:
        """The version of a number, or the latest for 0.

        Raise NotFound, which names it, when there is none that is ready; FailedPrecondition when it is quarantined;
        Unavailable when the registry does not answer.
        """

    async def pin(self, pin: Pin) -> None:
        """Keep a version from being deleted. Raise as `resolve` does. One that is pinned stays so."""

    async def unpin(self, pin: Pin) -> None:
        """Undo a pin; nothing happens when there is none. Raise Unavailable when the registry does not answer."""
