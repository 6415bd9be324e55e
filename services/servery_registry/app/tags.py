"""Use cases of tags and their schemas."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from servery.errors import FailedPrecondition, InvalidArgument
from servery_registry.app.described import touch
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model
from servery_registry.domain.tag import (
    MAX_SCHEMAS,
    JsonSchemas,
    TagSchema,
    must_be_unchanged,
    must_fit_in,
    no_such_tag,
    no_such_tag_schema,
)
from servery_registry.domain.unit_of_work import BeginWork, UnitOfWork
from servery_registry.domain.version import State, Version, no_such_version


class TagUseCases:
    """Set and delete tags and tag schemas. `clock` gives the time in UTC, `new_id` a UUID.

    Values and schemas are looked at outside of units of work: that takes time, and those stay short.
    """

    def __init__(
        self, begin_work: BeginWork, schemas: JsonSchemas, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._begin_work = begin_work
        self._schemas = schemas
        self._clock = clock
        self._new_id = new_id

    async def set(self, project: str, model: str, number: int, name: str, value: Any) -> None:
        """Tag a version, or for 0 the model itself, with a JSON value.

        Raise NotFound when there is no such model or version, InvalidArgument when the value does not fit the schema
        of the name, FailedPrecondition when there would be too many tags, Aborted when the schema changes meanwhile.
        """
        async with self._begin_work(read_only=True) as work:
            await work.models.get(project, model)
            schema = await work.tag_schemas.get(project, name)
        if schema is not None and schema.json_schema:
            misfit = await self._schemas.misfit(schema.json_schema, value)
            if misfit is not None:
                raise InvalidArgument(
                    f"the value does not fit the schema of tag {name}: {misfit}",
                    field="value",
                    reason="TAG_MISFIT",
                    metadata={"tag": name},
                )
        now = self._clock()
        async with self._begin_work() as work:
            owner, version = await _locked(work, project, model, number)
            must_be_unchanged(schema, await work.tag_schemas.get(project, name))
            tags = dict((await work.tags.of(project, [(model, number)])).get((model, number), {}))
            must_fit_in(_owner(model, number), tags | {name: value})
            await work.tags.set(project, model, number, name, value, time=now)
            await touch(work, owner, version, now, self._new_id, model=not number)
            await work.commit()

    async def delete(self, project: str, model: str, number: int, name: str) -> None:
        """Raise NotFound when there is no such tag."""
        async with self._begin_work() as work:
            owner, version = await _locked(work, project, model, number)
            tags = (await work.tags.of(project, [(model, number)])).get((model, number), {})
            if name not in tags:
                raise no_such_tag(_owner(model, number), name)
            await work.tags.remove(project, model, number, name)
            await touch(work, owner, version, self._clock(), self._new_id, model=not number)
            await work.commit()

    async def set_schema(self, schema: TagSchema) -> TagSchema:
        """Say what the values of a name must be; those that are there stay. The time of `schema` is not used.

        Raise InvalidArgument when it is no schema that values can be held against.
        """
        if schema.json_schema:
            problem = await self._schemas.problem(schema.json_schema)
            if problem is not None:
                raise InvalidArgument(
                    f"json_schema {problem}", field="tag_schema.json_schema", reason="TAG_SCHEMA_INVALID"
                )
        async with self._begin_work() as work:
            if await work.tag_schemas.get(schema.project, schema.name) is None:
                await _must_have_room(work, schema.project)
            stored = replace(schema, update_time=self._clock())
            await work.tag_schemas.set(stored)
            await work.commit()
        return stored

    async def delete_schema(self, project: str, name: str) -> None:
        """Raise NotFound when there is none."""
        async with self._begin_work() as work:
            if not await work.tag_schemas.remove(project, name):
                raise no_such_tag_schema(project, name)
            await work.commit()

    async def list_schemas(self, project: str, window: Window[str]) -> Listing[TagSchema]:
        """Schemas of a project, ordered by name."""
        async with self._begin_work(read_only=True) as work:
            return await work.tag_schemas.list(project, window)


async def _locked(work: UnitOfWork, project: str, model: str, number: int) -> tuple[Model, list[Version]]:
    """The model, and the version that is tagged if it is one."""
    owner = await work.models.lock(project, model)
    if not number:
        return owner, []
    version = await work.versions.lock((await work.versions.get(project, model, number)).id)
    if version.state is State.DELETING:
        raise no_such_version(model, number)
    return owner, [version]


async def _must_have_room(work: UnitOfWork, project: str) -> None:
    count = await work.tag_schemas.count(project)
    if count >= MAX_SCHEMAS:
        raise FailedPrecondition(
            f"project {project} has {count} tag schemas, and may have {MAX_SCHEMAS}; delete some first",
            subject=f"project {project}",
            reason="TOO_MANY_TAG_SCHEMAS",
        )


def _owner(model: str, number: int) -> str:
    return f"version {model}/{number}" if number else f"model {model}"
