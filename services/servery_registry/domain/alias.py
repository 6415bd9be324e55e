"""A name that moves between the versions of a model, and what we ask of the place that keeps such names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from servery.errors import Aborted, FailedPrecondition, NotFound
from servery_registry.domain.version import State, Version

LATEST: Final = "latest"
"""Resolves always, to the highest number that is READY; so it is no alias."""

MAX_ALIASES: Final = 1000
"""Of one model."""

_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Which version a name stands for."""

    project: str
    model: str
    name: str
    """Unique within the model."""

    version_id: str
    number: int
    """Of that version."""

    update_time: datetime


class Aliases(Protocol):
    """Where aliases are kept. Every method is part of the unit of work it is reached through."""

    async def get(self, project: str, model: str, name: str) -> Alias | None:
        """None when the model has none of that name."""

    async def set(self, alias: Alias) -> None:
        """Add an alias, or put it in the place of the one of its name. The model is locked."""

    async def remove(self, project: str, model: str, name: str) -> None:
        """Remove an alias that is there. The model is locked."""

    async def of_models(self, project: str, models: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Name to number, in order of the names, of every model that has some."""

    async def of_versions(self, version_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Names, in order, of every version that has some."""


def is_alias(text: str) -> bool:
    """Whether an alias may be called so; "latest" may not."""
    return _ALIAS.fullmatch(text) is not None and text != LATEST


def must_be_nameable(version: Version) -> None:
    """Raise FailedPrecondition when no alias may name the version."""
    if version.state is not State.READY:
        raise FailedPrecondition(
            f"version {version.number} of model {version.model} is {version.state.value};"
            " an alias names a version that is READY: finalise this one first if it is PENDING, or name another one",
            subject=f"version {version.model}/{version.number}",
            reason="VERSION_NOT_READY",
        )


def must_name(alias: str, present: Alias | None, expected: int) -> None:
    """Raise Aborted when an alias does not name the version that is expected; 0: there shall be no such alias."""
    names = present.number if present else 0
    if names != expected:
        raise Aborted(
            f"alias {alias} names {f'version {names}' if names else 'no version'} and not"
            f" {f'version {expected}' if expected else 'none'}; get the model again and decide anew",
            reason="ALIAS_MOVED",
            metadata={"alias": alias, "version": str(names)},
        )


def must_have_room(model: str, count: int) -> None:
    """Raise FailedPrecondition when a model that has so many aliases takes no further one."""
    if count >= MAX_ALIASES:
        raise FailedPrecondition(
            f"model {model} has {count} aliases, and may have {MAX_ALIASES}; delete some first",
            subject=f"model {model}",
            reason="TOO_MANY_ALIASES",
        )


def no_such_alias(model: str, alias: str) -> NotFound:
    return NotFound(
        f"model {model} has no alias {alias}; get the model for those that it has",
        resource_type="alias",
        resource_name=f"{model}/{alias}",
        reason="ALIAS_NOT_FOUND",
        metadata={"model": model, "alias": alias},
    )
