"""SQL for the services that keep state: engine, sessions, migrations. SQLite and PostgreSQL by the URL alone."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

from alembic import command, context
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, MetaData, event, inspect, pool
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from servery_kit.config import CannotStart
from servery_kit.sql_failures import translate, why_not
from servery_kit.urls import shown

__all__ = ["READ_ONLY", "database", "run_migrations", "translate"]

READ_ONLY: Final = {"servery_read_only": True}
"""Execution options of a connection that only reads: all its statements see one state of the database.

On SQLite it does not wait for the writer either; on PostgreSQL nobody does.
"""

WAIT_S: Final = 5.0
"""Most seconds that a unit of work waits for a connection, and for a lock that another one holds."""

STATEMENT_S: Final = 10.0
"""Most seconds that one statement takes on PostgreSQL, before the server counts as gone."""

_MIGRATING: Final = 0x5EBE27  # any number, the same in all processes: who holds this lock may change the schema


@asynccontextmanager
async def database(url: str, migrations: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a database that is at the newest revision of `migrations`.

    Raise CannotStart when the database can't be had, or is not one of this service and release.
    """
    await _migrate(url, migrations)
    engine = _engine(
        url,
        poolclass=pool.AsyncAdaptedQueuePool,
        pool_size=8,
        max_overflow=8,
        pool_timeout=WAIT_S,
        # Connections that died with a server that was restarted are replaced before anybody notices.
        pool_pre_ping=url.startswith("postgresql"),
        connect_args=_PATIENCE if url.startswith("postgresql") else {},
    )
    try:
        yield engine
    finally:
        await engine.dispose()


_PATIENCE: Final = {
    "timeout": WAIT_S,
    "command_timeout": STATEMENT_S,
    "server_settings": {
        "application_name": "servery",
        "lock_timeout": f"{WAIT_S:g}s",
        # A process that froze within a transaction must not hold its locks for ever.
        "idle_in_transaction_session_timeout": "60s",
    },
}


def _engine(url: str, **options: Any) -> AsyncEngine:
    try:
        engine = create_async_engine(url, **options)
    except ModuleNotFoundError as error:
        raise CannotStart(
            f"the database {shown(url)} needs {error.name}, which is not installed: pip install 'servery[postgres]'"
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise CannotStart(f"{shown(url)} is not the URL of a database: {shown(str(error))}") from error
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine)
    else:
        _tune_postgresql(engine)
    return engine


async def _migrate(url: str, migrations: Path) -> None:
    """Bring the schema to the newest revision: all of it or nothing, one process at a time."""
    # Without the limits on waiting: another process may be busy with a long migration, and this one may be long too.
    limits = {"timeout": WAIT_S} if url.startswith("postgresql") else {}
    engine = _engine(url, poolclass=pool.NullPool, connect_args=limits)
    if engine.dialect.name == "sqlite":
        _open_once(engine.url)
    try:
        async with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            await connection.run_sync(_upgrade, migrations)
    except Exception as error:
        if why := why_not(error):
            raise CannotStart(f"can't use the database {shown(url)}: {shown(why)}") from error
        if isinstance(error, _Foreign):
            raise CannotStart(f"can't use the database {shown(url)}: {error}") from error
        if isinstance(error, CommandError):  # «Can't locate revision …»
            raise CannotStart(
                f"can't use the database {shown(url)}: {error}; a newer release has written it, so run that one"
            ) from error
        raise
    finally:
        await engine.dispose()


def _open_once(url: URL) -> None:
    """See that SQLite can open its file. When it can't, aiosqlite leaves a thread that dies with a traceback."""
    try:
        with closing(sqlite3.connect(url.database or ":memory:")) as connection:
            connection.execute("PRAGMA user_version")
    except sqlite3.Error as error:
        raise CannotStart(f"can't use the database {shown(str(url))}: {error}") from error


def _upgrade(connection: Connection, migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


class _Foreign(Exception):
    """The database is another service's."""


def run_migrations(metadata: MetaData) -> None:
    """Body of a service's alembic env.py."""
    connection: Connection = context.config.attributes["connection"]
    # Revisions are numbered by each service for itself: those of another one would be taken for ours.
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables and not tables & set(metadata.tables):
        raise _Foreign("it holds the tables of another service; give each service a database of its own")
    # SQLite has no ALTER for most things; batch mode copies the table instead.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def _tune_postgresql(engine: AsyncEngine) -> None:
    """Transactions that only read see one state of the database, as they do on SQLite.

    Those that write stay at READ COMMITTED: what they decide by, they lock with FOR UPDATE first, so that of two that
    want the same one waits, sees what the other did, and none fails for having come second.
    """

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("servery_read_only"):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


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
            f"busy_timeout={WAIT_S * 1000:.0f}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            cursor.execute("PRAGMA " + pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("servery_read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
