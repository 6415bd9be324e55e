"""SQL for the services that keep state: engine, sessions, migrations. SQLite and PostgreSQL by the URL alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, event, pool
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from servery.errors import ResourceExhausted, ServeryError, Unavailable

READ_ONLY = {"servery_read_only": True}
"""Execution options of a connection that only reads: on SQLite it does not wait for the writer."""

BUSY_TIMEOUT_MS = 5_000


@asynccontextmanager
async def database(url: str, migrations: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a database that is at the newest revision of `migrations`."""
    engine = create_async_engine(url, poolclass=pool.AsyncAdaptedQueuePool, pool_size=8, max_overflow=8)
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, migrations)
        yield engine
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run_migrations(metadata: MetaData) -> None:
    """Body of a service's alembic env.py."""
    connection: Connection = context.config.attributes["connection"]
    # SQLite has no ALTER for most things; batch mode copies the table instead.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def _tune_sqlite(engine: AsyncEngine) -> None:
    """WAL, and transactions that take the write lock when they begin.

    A deferred BEGIN reads first and asks for the lock when it writes; two such transactions then block each other and
    one fails with «database is locked», whatever the busy timeout.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            cursor.execute("PRAGMA " + pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("servery_read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def translate(error: DBAPIError) -> ServeryError:
    """What a failing database means to a caller. Constraint violations are the adapter's own business."""
    text = str(error.orig)
    if "disk is full" in text or "No space left" in text:
        return ResourceExhausted("the disk of the database is full; free some space", reason="DISK_FULL")
    if isinstance(error, OperationalError) or error.connection_invalidated:
        return Unavailable("the database does not answer; try again", reason="DATABASE_UNAVAILABLE", retry_after_s=1.0)
    raise error
