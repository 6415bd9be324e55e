"""Aliases in SQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from servery_registry.adapters.sql.tables import AliasRow, VersionRow
from servery_registry.domain.alias import Alias


class SqlAliases:
    """Aliases of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, project: str, model: str, name: str) -> Alias | None:
        query = _numbered().where(
            col(AliasRow.project) == project, col(AliasRow.model) == model, col(AliasRow.alias) == name
        )
        found = (await self._session.execute(query)).one_or_none()
        if found is None:
            return None
        row, number = found
        return Alias(
            project=row.project,
            model=row.model,
            name=row.alias,
            version_id=row.version_id,
            number=number,
            update_time=row.update_time,
        )

    async def set(self, alias: Alias) -> None:
        row = AliasRow(
            project=alias.project,
            model=alias.model,
            alias=alias.name,
            version_id=alias.version_id,
            update_time=alias.update_time,
        )
        await self._session.merge(row)
        await self._session.flush()

    async def remove(self, project: str, model: str, name: str) -> None:
        await self._session.execute(
            delete(AliasRow).where(
                col(AliasRow.project) == project, col(AliasRow.model) == model, col(AliasRow.alias) == name
            )
        )

    async def of_models(self, project: str, models: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        query = _numbered().where(col(AliasRow.project) == project, col(AliasRow.model).in_(models))
        found: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for row, number in await self._session.execute(query.order_by(col(AliasRow.alias))):
            found[row.model][row.alias] = number
        return found

    async def of_versions(self, version_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        query = select(col(AliasRow.version_id), col(AliasRow.alias)).where(col(AliasRow.version_id).in_(version_ids))
        found: defaultdict[str, list[str]] = defaultdict(list)
        for version_id, name in await self._session.execute(query.order_by(col(AliasRow.alias))):
            found[version_id].append(name)
        return found


def _numbered() -> Select[AliasRow, int]:
    """Aliases with the number of the version that each names."""
    return select(AliasRow, col(VersionRow.number)).join(VersionRow, col(VersionRow.id) == col(AliasRow.version_id))
