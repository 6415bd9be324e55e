from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from servery_kit.sql import database
from servery_registry.adapters.sql.tables import metadata
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS


def _differences(connection):
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def test_the_migrated_schema_is_the_one_the_code_knows(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'registry.db'}"
    for _ in range(2):  # a new database, and one that is there
        async with database(url, MIGRATIONS) as engine, engine.connect() as connection:
            assert await connection.run_sync(_differences) == []


async def test_a_schema_that_lacks_something_is_told_apart(tmp_path):
    async with database(f"sqlite+aiosqlite:///{tmp_path / 'registry.db'}", MIGRATIONS) as engine:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE version DROP COLUMN description")
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) != []
