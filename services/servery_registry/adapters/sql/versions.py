"""Versions in SQL."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.scans import scan_from_json, scan_to_json
from servery_registry.adapters.sql.tables import VersionRow
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.version import FINALISED, Framework, State, Version, no_such_version, number_taken


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
                manifest_sha256=version.manifest_sha256,
                scan=scan_to_json(version.scan),
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
            query = query.where(col(VersionRow.state).in_([state.value for state in FINALISED]))
        if window.after is not None:
            query = query.where(col(VersionRow.number) < window.after)
        rows = await self._session.scalars(query.order_by(col(VersionRow.number).desc()).limit(window.size + 1))
        return listing([_version(row) for row in rows], window.size)

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
                manifest_sha256=version.manifest_sha256,
                scan=scan_to_json(version.scan),
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
        manifest_sha256=row.manifest_sha256 or "",
        scan=scan_from_json(row.scan),
    )
