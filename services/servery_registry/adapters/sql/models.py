"""Models in SQL."""

from dataclasses import asdict

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery.errors import AlreadyExists
from servery_registry.adapters.sql.tables import ModelRow
from servery_registry.adapters.sql.version_filter import name_like
from servery_registry.domain.filter import ANY
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.model import Model, next_number, no_such_model


class SqlModels:
    """Models of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, model: Model) -> None:
        self._session.add(ModelRow(**asdict(model), last_version=0))
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise AlreadyExists(
                f"project {model.project} has a model {model.name} already;"
                " choose another name, or add a version to it",
                resource_type="model",
                resource_name=model.name,
                reason="MODEL_EXISTS",
            ) from error

    async def get(self, project: str, name: str) -> Model:
        return _model(await self._row(project, name))

    async def lock(self, project: str, name: str) -> Model:
        return _model(await self._row(project, name, lock=True))

    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]:
        query = select(ModelRow).where(ModelRow.project == project, name_like(col(ModelRow.name), prefix + ANY))
        if window.after is not None:
            query = query.where(col(ModelRow.name) > window.after)
        rows = await self._session.scalars(query.order_by(col(ModelRow.name)).limit(window.size + 1))
        return listing([_model(row) for row in rows], window.size)

    async def save(self, model: Model) -> None:
        await self._update(
            model.project,
            model.name,
            description=model.description,
            latest_version=model.latest_version,
            update_time=model.update_time,
            etag=model.etag,
        )

    async def remove(self, project: str, name: str) -> None:
        model = (col(ModelRow.project) == project, col(ModelRow.name) == name)
        await self._session.execute(delete(ModelRow).where(*model))

    async def take_number(self, project: str, name: str, wanted: int) -> int:
        last = (await self._row(project, name, lock=True)).last_version
        number = next_number(last, wanted)
        if number > last:
            await self._update(project, name, last_version=number)
        return number

    async def _row(self, project: str, name: str, *, lock: bool = False) -> ModelRow:
        query = select(ModelRow).where(ModelRow.project == project, ModelRow.name == name)
        if lock:
            # SQLite has no row locks and needs none: its unit of work has the only write lock there is.
            query = query.with_for_update().execution_options(populate_existing=True)
        row = (await self._session.scalars(query)).one_or_none()
        if row is None:
            raise no_such_model(project, name)
        return row

    async def _update(self, project: str, name: str, **values: object) -> None:
        statement = update(ModelRow).where(col(ModelRow.project) == project, col(ModelRow.name) == name)
        await self._session.execute(statement.values(**values))


def _model(row: ModelRow) -> Model:
    return Model(
        project=row.project,
        name=row.name,
        description=row.description,
        latest_version=row.latest_version,
        creator=row.creator,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=row.etag,
    )
