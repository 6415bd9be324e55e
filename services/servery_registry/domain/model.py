"""A model, and what we ask of the place that keeps models."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from servery.errors import FailedPrecondition, NotFound
from servery_registry.domain.listing import Listing, Window

DEFAULT_PROJECT: Final = "default"
MAX_DESCRIPTION: Final = 1000
MAX_NUMBER: Final = 2**31 - 1

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A named line of versions."""

    project: str
    name: str
    """Unique within its project; immutable."""

    description: str
    latest_version: int
    """The highest number that is READY; 0 while there is none."""

    creator: str
    create_time: datetime
    update_time: datetime
    """When the model, or its latest version, last changed."""

    etag: str
    """Another one with every change."""

    aliases: Mapping[str, int] = field(default_factory=dict)
    """Alias to version number. Kept apart, as tags are: see `app.described`."""

    tags: Mapping[str, Any] = field(default_factory=dict)
    """Name to JSON value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """A model that is asked for."""

    project: str
    name: str
    description: str = ""


class Models(Protocol):
    """Where models are kept. Every method is part of the unit of work it is reached through."""

    async def add(self, model: Model) -> None:
        """Raise AlreadyExists when the project has a model of that name."""

    async def get(self, project: str, name: str) -> Model:
        """Raise NotFound when there is none."""

    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]:
        """Models of a project whose name begins so, ordered by name."""

    async def lock(self, project: str, name: str) -> Model:
        """Get a model that nobody else changes until this unit of work ends. Raise NotFound when there is none."""

    async def save(self, model: Model) -> None:
        """Write what may change of a model that is locked."""

    async def remove(self, project: str, name: str) -> None:
        """Forget a model that is locked and has no versions, and all else that is said of it."""

    async def take_number(self, project: str, name: str, wanted: int) -> int:
        """Take a version number of a model that is locked: `next_number` of the last one, which moves up to it."""


def is_name(text: str) -> bool:
    """Whether a project or a model may be called so."""
    return _NAME.fullmatch(text) is not None


def next_number(last: int, wanted: int) -> int:
    """The number of a new version: the one that is wanted, or, for 0, the one behind the last ever taken.

    Raise FailedPrecondition when no number is left behind the last.
    """
    if wanted:
        return wanted
    if last >= MAX_NUMBER:
        raise FailedPrecondition(
            f"the last version number, {MAX_NUMBER}, is taken; name a free one in the request",
            reason="VERSION_NUMBERS_EXHAUSTED",
        )
    return last + 1


def must_be_empty(model: Model, number: int) -> None:
    """Raise FailedPrecondition when a model has versions. `number`: the lowest one of them, or 0."""
    if number:
        raise FailedPrecondition(
            f"model {model.name} has versions, such as {number}; delete them first, pending ones too",
            subject=f"model {model.name}",
            reason="MODEL_HAS_VERSIONS",
            metadata={"version": str(number)},
        )


def no_such_model(project: str, name: str) -> NotFound:
    return NotFound(
        f"project {project} has no model {name}; create it first, or list the models for what there is",
        resource_type="model",
        resource_name=name,
        reason="MODEL_NOT_FOUND",
        metadata={"project": project, "model": name},
    )
