"""Units of work in SQL: one is one session and one transaction."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from servery_kit.sql import READ_ONLY, translate
from servery_registry.adapters.sql.aliases import SqlAliases
from servery_registry.adapters.sql.contents import SqlContents
from servery_registry.adapters.sql.files import SqlFiles
from servery_registry.adapters.sql.input_examples import SqlInputExamples
from servery_registry.adapters.sql.models import SqlModels
from servery_registry.adapters.sql.pins import SqlPins
from servery_registry.adapters.sql.requests import SqlRequests
from servery_registry.adapters.sql.tags import SqlTags, SqlTagSchemas
from servery_registry.adapters.sql.uploads import SqlUploads
from servery_registry.adapters.sql.versions import SqlVersions

MIGRATIONS = Path(__file__).parent / "migrations"


class SqlUnitOfWork:
    """A unit of work on a database. Rolls back when it is left without a commit."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self.models = SqlModels(session)
        self.versions = SqlVersions(session)
        self.files = SqlFiles(session)
        self.uploads = SqlUploads(session)
        self.requests = SqlRequests(session)
        self.input_examples = SqlInputExamples(session)
        self.aliases = SqlAliases(session)
        self.tags = SqlTags(session)
        self.tag_schemas = SqlTagSchemas(session)
        self.pins = SqlPins(session)
        self.contents = SqlContents(session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.__aexit__(kind, error, traceback)  # shielded from a cancellation
        if failure := translate(error):
            raise failure from error

    async def commit(self) -> None:
        await self._session.commit()


def sql_work(engine: AsyncEngine) -> Callable[..., SqlUnitOfWork]:
    """Where units of work on a database come from: a `BeginWork`."""
    reading = engine.execution_options(**READ_ONLY)

    def begin_work(*, read_only: bool = False) -> SqlUnitOfWork:
        return SqlUnitOfWork(AsyncSession(reading if read_only else engine, expire_on_commit=False))

    return begin_work
