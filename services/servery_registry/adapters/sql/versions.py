"""Versions in SQL."""

import math

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.model_schemas import (
    provenance_from_json,
    provenance_to_json,
    schema_from_json,
    schema_to_json,
)
from servery_registry.adapters.sql.tables import VersionRow
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.version import Framework, State, Version, no_such_version, number_taken


class SqlVersions:
    """Versions of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, version: Version) -> None:
        self._session.add(
            VersionRow(
                id=version.id,
                project=version.project,
                model=version.model,
                number=version.number,
                state=version.state.value,
                framework=version.framework.value,
                metrics=dict(version.metrics),
                description=version.description,
                file_count=version.file_count,
                size_bytes=version.size_bytes,
                creator=version.creator,
                create_time=version.create_time,
                update_time=version.update_time,
                etag=version.etag,
                model_schema=schema_to_json(version.schema),
                provenance=provenance_to_json(version.provenance),
            )
        )
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise number_taken(version.model, version.number) from error

    async def get(self, project: str, model: str, number: int) -> Version:
        query = select(VersionRow).where(
            VersionRow.project == project, VersionRow.model == model, VersionRow.number == number
        )
        row = (await self._session.scalars(query)).one_or_none()
        if row is None:
            raise no_such_version(model, number)
        return _version(row)

    async def lock(self, version_id: str) -> Version:
        query = select(VersionRow).where(VersionRow.id == version_id).with_for_update()
        rows = await self._session.scalars(query.execution_options(populate_existing=True))
        return _version(rows.one())

    async def list(self, project: str, model: str, window: Window[int], *, show_pending: bool) -> Listing[Version]:
        query = select(VersionRow).where(VersionRow.project == project, VersionRow.model == model)
        if not show_pending:
            query = query.where(VersionRow.state == State.READY.value)
        if window.after is not None:
            query = query.where(col(VersionRow.number) < window.after)
        rows = await self._session.scalars(query.order_by(col(VersionRow.number).desc()).limit(window.size + 1))
        return listing([_version(row) for row in rows], window.size)

    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version | None:
        query = select(VersionRow.number, VersionRow.metrics).where(
            VersionRow.project == project, VersionRow.model == model, VersionRow.state == State.READY.value
        )
        # The metrics of a version are one JSON value, of which a database can't tell the best of all names alike.
        best: tuple[float, int] | None = None
        for number, metrics in await self._session.execute(query):
            if metric in metrics:
                value = metrics[metric]
                best = max(best or (-math.inf, 0), (value if highest else -value, number))
        return None if best is None else await self.get(project, model, best[1])

    async def save(self, version: Version) -> None:
        await self._session.execute(
            update(VersionRow)
            .where(col(VersionRow.id) == version.id)
            .values(
                state=version.state.value,
                file_count=version.file_count,
                size_bytes=version.size_bytes,
                update_time=version.update_time,
                etag=version.etag,
                description=version.description,
                metrics=dict(version.metrics),
                model_schema=schema_to_json(version.schema),
                provenance=provenance_to_json(version.provenance),
            )
        )


def _version(row: VersionRow) -> Version:
    return Version(
        project=row.project,
        model=row.model,
        number=row.number,
        id=row.id,
        state=State(row.state),
        framework=Framework(row.framework),
        metrics=dict(row.metrics),
        description=row.description,
        file_count=row.file_count,
        size_bytes=row.size_bytes,
        creator=row.creator,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=row.etag,
        schema=schema_from_json(row.model_schema),
        provenance=provenance_from_json(row.provenance),
    )
