"""From every revision that was ever released, with rows in all tables, up to the newest: on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from servery_kit.config import CannotStart
from servery_kit.sql import database
from servery_registry.adapters.sql import tables as registry_tables
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS as REGISTRY
from servery_serving.adapters.sql import MIGRATIONS as SERVING
from servery_serving.adapters.sql import tables as serving_tables
from tests.integration.stores.databases import DATABASES

SERVICES = {"registry": (REGISTRY, registry_tables.metadata), "serving": (SERVING, serving_tables.metadata)}
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def config_of(migrations, connection=None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    return config


def revisions(migrations) -> list[str]:
    walked = ScriptDirectory.from_config(config_of(migrations)).walk_revisions()
    return sorted(script.revision for script in walked)


CASES = [(service, revision) for service, (migrations, _) in SERVICES.items() for revision in revisions(migrations)]


@pytest.fixture(params=DATABASES)
def url(request, tmp_path) -> str:
    return DATABASES[request.param](tmp_path)


def value_of(column: sa.Column) -> Any:
    """A value that fits a column: the same wherever the type is the same, so that keys find what they refer to."""
    kind = column.type
    if isinstance(kind, sa.JSON):
        return []
    if isinstance(kind, sa.DateTime):
        return NOW
    if isinstance(kind, sa.Boolean):
        return False
    if isinstance(kind, sa.Integer | sa.Numeric):
        return 1
    assert isinstance(kind, sa.String), f"a value for {column} of type {kind!r} is needed here"
    return "x"


def filled(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """One row in each table that there is, and what is in them then."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        connection.execute(table.insert().values({column.name: value_of(column) for column in table.columns}))
    return rows(connection)


def rows(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return {
        table.name: [tuple(row) for row in connection.execute(table.select())]
        for table in metadata.sorted_tables
        if table.name != "alembic_version"
    }


def differences(connection: sa.Connection, metadata: sa.MetaData) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def make(url: str, migrations, revision: str) -> dict[str, list[tuple[Any, ...]]]:
    """A database as the release of that revision left it."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(lambda given: command.upgrade(config_of(migrations, given), revision))
            return await connection.run_sync(filled)
    finally:
        await engine.dispose()


@pytest.mark.parametrize(("service", "revision"), CASES)
async def test_a_database_of_an_older_release_becomes_the_one_the_code_knows(url, service, revision):
    migrations, metadata = SERVICES[service]
    before = await make(url, migrations, revision)
    assert before
    async with database(url, migrations) as engine, engine.connect() as connection:
        assert await connection.run_sync(lambda given: differences(given, metadata)) == []
        after = await connection.run_sync(rows)
    kept = {name: len(found) for name, found in before.items() if name in after}
    assert {name: len(after[name]) for name in kept} == kept
    if revision == revisions(migrations)[-1]:
        assert after == before


@pytest.mark.parametrize("service", SERVICES)
async def test_a_new_database_is_the_one_the_code_knows_the_second_time_too(url, service):
    migrations, metadata = SERVICES[service]
    for _ in range(2):
        async with database(url, migrations) as engine, engine.connect() as connection:
            assert await connection.run_sync(lambda given: differences(given, metadata)) == []


async def test_the_database_of_another_service_is_left_alone(url):
    async with database(url, SERVING):
        pass
    with pytest.raises(CannotStart, match="tables of another service") as caught:
        async with database(url, REGISTRY):
            pass
    assert "not-to-be-seen" not in str(caught.value)


async def test_the_database_of_a_newer_release_is_left_alone(url):
    async with database(url, REGISTRY) as engine, engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CannotStart, match=r"9999.*newer release"):
        async with database(url, REGISTRY):
            pass
