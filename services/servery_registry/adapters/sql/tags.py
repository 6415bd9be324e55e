"""Tags and their schemas in SQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery.errors import Aborted
from servery_registry.adapters.sql.tables import TagRow, TagSchemaRow
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.tag import TagSchema


class SqlTags:
    """Tags of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def set(self, project: str, model: str, number: int, name: str, value: Any, *, time: datetime) -> None:
        row = TagRow(project=project, model=model, number=number, name=name, value=value, update_time=time)
        await self._session.merge(row)
        await self._session.flush()

    async def remove(self, project: str, model: str, number: int, name: str) -> None:
        await self._session.execute(
            delete(TagRow).where(
                col(TagRow.project) == project,
                col(TagRow.model) == model,
                col(TagRow.number) == number,
                col(TagRow.name) == name,
            )
        )

    async def of(self, project: str, owners: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Mapping[str, Any]]:
        owner = tuple_(col(TagRow.model), col(TagRow.number))
        query = select(TagRow.model, TagRow.number, TagRow.name, TagRow.value).where(
            TagRow.project == project, owner.in_(owners)
        )
        found: defaultdict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
        for model, number, name, value in await self._session.execute(query.order_by(col(TagRow.name))):
            found[model, number][name] = value
        return found


class SqlTagSchemas:
    """Tag schemas of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, project: str, name: str) -> TagSchema | None:
        row = await self._session.get(TagSchemaRow, (project, name))
        return None if row is None else _schema(row)

    async def set(self, schema: TagSchema) -> None:
        try:
            await self._session.merge(TagSchemaRow(**asdict(schema)))
            await self._session.flush()
        except IntegrityError as error:
            raise Aborted(
                "somebody else sets the schema of the tag at this moment; list the schemas, then try again",
                reason="TAG_SCHEMA_CHANGED",
            ) from error

    async def remove(self, project: str, name: str) -> bool:
        result = await self._session.execute(
            delete(TagSchemaRow).where(col(TagSchemaRow.project) == project, col(TagSchemaRow.name) == name)
        )
        return isinstance(result, CursorResult) and result.rowcount > 0

    async def count(self, project: str) -> int:
        query = select(func.count()).select_from(TagSchemaRow).where(TagSchemaRow.project == project)
        return (await self._session.scalars(query)).one()

    async def mandatory(self, project: str) -> Sequence[str]:
        query = select(TagSchemaRow.name).where(TagSchemaRow.project == project, col(TagSchemaRow.mandatory).is_(True))
        return (await self._session.scalars(query.order_by(col(TagSchemaRow.name)))).all()

    async def list(self, project: str, window: Window[str]) -> Listing[TagSchema]:
        query = select(TagSchemaRow).where(TagSchemaRow.project == project)
        if window.after is not None:
            query = query.where(col(TagSchemaRow.name) > window.after)
        rows = await self._session.scalars(query.order_by(col(TagSchemaRow.name)).limit(window.size + 1))
        return listing([_schema(row) for row in rows], window.size)


def _schema(row: TagSchemaRow) -> TagSchema:
    return TagSchema(
        project=row.project,
        name=row.name,
        json_schema=row.json_schema,
        mandatory=row.mandatory,
        update_time=row.update_time,
    )
