"""Units of work in SQL: one is one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from servery_kit.sql import READ_ONLY, translate
from servery_serving.adapters.sql.deployments import SqlDeployments
from servery_serving.adapters.sql.requests import SqlRequests
from servery_serving.adapters.sql.unpins import SqlUnpins


class SqlUnitOfWork:
    """One transaction."""

    def __init__(self, connection: AsyncConnection, *, writes: bool) -> None:
        self._connection = connection
        self.deployments = SqlDeployments(connection, writes=writes)
        self.requests = SqlRequests(connection)
        self.unpins = SqlUnpins(connection)

    async def commit(self) -> None:
        await self._connection.commit()


class SqlStore:
    """Opens transactions on a database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlUnitOfWork]:
        try:
            async with self._engine.connect() as connection:
                yield SqlUnitOfWork(connection, writes=True)
        except Exception as error:
            if failure := translate(error):
                raise failure from error
            raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlUnitOfWork]:
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(**READ_ONLY)
                yield SqlUnitOfWork(connection, writes=False)
        except Exception as error:
            if failure := translate(error):
                raise failure from error
            raise
