"""Tags of models and versions, what a project says of them, and what we ask of the places that keep both."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from servery.errors import Aborted, FailedPrecondition, NotFound
from servery_registry.domain.json_text import json_text
from servery_registry.domain.listing import Listing, Window

MAX_VALUE_BYTES: Final = 64 * 1024
MAX_TAGS: Final = 100
MAX_TAGS_BYTES: Final = 2 * MAX_VALUE_BYTES
"""Of all values of one model or version, as JSON: they travel with every answer."""

MAX_SCHEMA_BYTES: Final = 64 * 1024
MAX_SCHEMAS: Final = 1000
"""Of one project."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSchema:
    """What a project says of the tags of a name."""

    project: str
    name: str
    json_schema: str
    """JSON Schema, draft 2020-12, that values must fit; empty: any value."""

    mandatory: bool
    """Every version shall have the tag."""

    update_time: datetime


class Tags(Protocol):
    """Where tags are kept. The number 0 stands for the model itself. Part of a unit of work."""

    async def set(self, project: str, model: str, number: int, name: str, value: Any, *, time: datetime) -> None:
        """Add a tag, or change its value, a JSON value. The model is locked."""

    async def remove(self, project: str, model: str, number: int, name: str) -> None:
        """Remove a tag that is there. The model is locked."""

    async def of(self, project: str, owners: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Mapping[str, Any]]:
        """Name to value, in order of the names, of every owner, a model's name and a number, that has some."""


class TagSchemas(Protocol):
    """Where tag schemas are kept. Every method is part of the unit of work it is reached through."""

    async def get(self, project: str, name: str) -> TagSchema | None:
        """None when the project says nothing of that name."""

    async def set(self, schema: TagSchema) -> None:
        """Add a schema, or put it in the place of the one of its name. Raise Aborted when another one does so too."""

    async def remove(self, project: str, name: str) -> bool:
        """Whether there was one."""

    async def count(self, project: str) -> int:
        """How many the project has."""

    async def mandatory(self, project: str) -> Sequence[str]:
        """Names of the mandatory tags, in order."""

    async def list(self, project: str, window: Window[str]) -> Listing[TagSchema]:
        """Schemas of a project, ordered by name."""


class JsonSchemas(Protocol):
    """Who understands JSON Schema. Its answers take bounded time, whatever it is given."""

    async def problem(self, json_schema: str) -> str | None:
        """What is wrong with a schema, for a person; None when values can be held against it."""

    async def misfit(self, json_schema: str, value: Any) -> str | None:
        """Why a value does not fit a schema in which nothing is wrong, for a person; None when it does."""


def is_tag_name(text: str) -> bool:
    """Whether a tag may be called so."""
    return _NAME.fullmatch(text) is not None


def must_fit_in(owner: str, tags: Mapping[str, Any]) -> None:
    """Raise FailedPrecondition when these are more tags than one model or version may have."""
    size = sum(len(json_text(value).encode()) for value in tags.values())
    if len(tags) > MAX_TAGS or size > MAX_TAGS_BYTES:
        raise FailedPrecondition(
            f"{owner} would have {len(tags)} tags of {size} bytes, and may have {MAX_TAGS} of {MAX_TAGS_BYTES} in all;"
            " delete some first",
            subject=owner,
            reason="TOO_MANY_TAGS",
        )


def must_be_unchanged(before: TagSchema | None, now: TagSchema | None) -> None:
    """Raise Aborted when the schema that a value was held against is not the present one."""
    if before != now:
        raise Aborted("the schema of the tag was changed meanwhile; set the tag again", reason="TAG_SCHEMA_CHANGED")


def no_such_tag(owner: str, name: str) -> NotFound:
    """`owner`: "model iris", or "version iris/3"."""
    return NotFound(
        f"{owner} has no tag {name}; get it for the tags that it has",
        resource_type="tag",
        resource_name=name,
        reason="TAG_NOT_FOUND",
        metadata={"owner": owner, "tag": name},
    )


def no_such_tag_schema(project: str, name: str) -> NotFound:
    return NotFound(
        f"project {project} has no schema of tag {name}; list its schemas for what there is",
        resource_type="tag_schema",
        resource_name=name,
        reason="TAG_SCHEMA_NOT_FOUND",
    )
