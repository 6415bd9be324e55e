"""Versions in SQL."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.metrics import metrics_of, put_metrics
from servery_registry.adapters.sql.model_schemas import (
    provenance_from_json,
    provenance_to_json,
    schema_from_json,
    schema_to_json,
)
from servery_registry.adapters.sql.scans import scan_from_json, scan_to_json
from servery_registry.adapters.sql.tables import (
    AliasRow,
    FileRow,
    InputExampleRow,
    MetricRow,
    TagRow,
    UploadRow,
    VersionRow,
)
from servery_registry.adapters.sql.version_filter import condition
from servery_registry.adapters.sql.version_order import first_part, ordered
from servery_registry.domain.filter import Filter
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.order import NEWEST, Key, Order
from servery_registry.domain.version import (
    FINALISED,
    Framework,
    State,
    Version,
    no_such_version,
    number_taken,
    version_deleted,
)

_OWNED = (FileRow, UploadRow, AliasRow, InputExampleRow, MetricRow)
"""Rows that go with their version. A pin is not among them: it keeps its version from being removed."""


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
                description=version.description,
                file_count=version.file_count,
                size_bytes=version.size_bytes,
                creator=version.creator,
                create_time=version.create_time,
                update_time=version.update_time,
                etag=version.etag,
                model_schema=schema_to_json(version.schema),
                provenance=provenance_to_json(version.provenance),
                manifest_sha256=version.manifest_sha256,
                scan=scan_to_json(version.scan),
            )
        )
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise number_taken(version.model, version.number) from error
        await put_metrics(self._session, version)

    async def get(self, project: str, model: str, number: int) -> Version:
        query = select(VersionRow).where(
            VersionRow.project == project, VersionRow.model == model, VersionRow.number == number
        )
        row = (await self._session.scalars(query)).one_or_none()
        if row is None:
            raise no_such_version(model, number)
        return await self._version(row)

    async def lock(self, version_id: str) -> Version:
        query = select(VersionRow).where(VersionRow.id == version_id).with_for_update()
        rows = await self._session.scalars(query.execution_options(populate_existing=True))
        row = rows.one_or_none()
        if row is None:
            raise version_deleted(version_id)
        return await self._version(row)

    async def list(
        self,
        project: str,
        model: str | None,
        window: Window[Key],
        *,
        show_pending: bool,
        where: Filter = (),
        order: Order = NEWEST,
    ) -> Listing[Version]:
        first = first_part(order, one_model=model is not None)
        conditions = [condition(each, project, order, first) for each in where]
        if not show_pending:
            conditions.append(col(VersionRow.state).in_([state.value for state in FINALISED]))
        rows: list[VersionRow] = []
        for query in ordered(project, model, order, window.after):
            missing = window.size + 1 - len(rows)
            rows += await self._session.scalars(query.where(*conditions).limit(missing))
            if len(rows) > window.size:
                break
        return listing(await self._versions(rows), window.size)

    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version | None:
        value = col(MetricRow.value)
        query = (
            select(VersionRow)
            .join(MetricRow, col(MetricRow.version_id) == VersionRow.id)
            .where(
                MetricRow.project == project,
                MetricRow.model == model,
                MetricRow.name == metric,
                VersionRow.state == State.READY.value,
            )
            .order_by(value.desc() if highest else value, col(MetricRow.number).desc())
        )
        row = (await self._session.scalars(query.limit(1))).first()
        return None if row is None else await self._version(row)

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
                model_schema=schema_to_json(version.schema),
                provenance=provenance_to_json(version.provenance),
                manifest_sha256=version.manifest_sha256,
                scan=scan_to_json(version.scan),
            )
        )
        await put_metrics(self._session, version)

    async def remove(self, version_id: str) -> None:
        for owned in _OWNED:
            await self._session.execute(delete(owned).where(col(owned.version_id) == version_id))
        version = (await self._session.scalars(select(VersionRow).where(VersionRow.id == version_id))).one()
        await self._session.execute(
            delete(TagRow).where(
                col(TagRow.project) == version.project,
                col(TagRow.model) == version.model,
                col(TagRow.number) == version.number,
            )
        )
        await self._session.execute(delete(VersionRow).where(col(VersionRow.id) == version_id))

    async def latest(self, project: str, model: str) -> int:
        query = select(func.max(VersionRow.number)).where(
            VersionRow.project == project, VersionRow.model == model, VersionRow.state == State.READY.value
        )
        return (await self._session.scalars(query)).one() or 0

    async def any_of(self, project: str, model: str) -> int:
        query = select(func.min(VersionRow.number)).where(VersionRow.project == project, VersionRow.model == model)
        return (await self._session.scalars(query)).one() or 0

    async def _version(self, row: VersionRow) -> Version:
        return (await self._versions([row]))[0]

    async def _versions(self, rows: Sequence[VersionRow]) -> Sequence[Version]:
        metrics = await metrics_of(self._session, [row.id for row in rows])
        return [_version(row, metrics[row.id]) for row in rows]


def _version(row: VersionRow, metrics: Mapping[str, float]) -> Version:
    return Version(
        project=row.project,
        model=row.model,
        number=row.number,
        id=row.id,
        state=State(row.state),
        framework=Framework(row.framework),
        metrics=metrics,
        description=row.description,
        file_count=row.file_count,
        size_bytes=row.size_bytes,
        creator=row.creator,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=row.etag,
        schema=schema_from_json(row.model_schema),
        provenance=provenance_from_json(row.provenance),
        manifest_sha256=row.manifest_sha256 or "",
        scan=scan_from_json(row.scan),
    )
