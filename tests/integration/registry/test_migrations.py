from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event

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


def _at(connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    known = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").first()
    (command.downgrade if known and revision == "0001" else command.upgrade)(config, revision)


def test_versions_and_their_files_outlive_new_columns(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    time = "2026-01-02 03:04:05"
    who_and_when = f"'me', '{time}', '{time}', 'e'"
    with engine.begin() as connection:
        _at(connection, "0001")
        for row in (
            f"model VALUES ('default', 'iris', '', 1, 1, {who_and_when})",
            f"version VALUES ('v', 'default', 'iris', 1, 'READY', 'ONNX', '{{}}', '', 1, 7, {who_and_when})",
            "file VALUES ('v', 'model.onnx', 7, 'abc')",
        ):
            connection.exec_driver_sql(f"INSERT INTO {row}")
    for revision, columns in (("0002", "model_schema, provenance"), ("0001", "description, framework"), ("0002", "*")):
        with engine.begin() as connection:
            _at(connection, revision)
            assert connection.exec_driver_sql(f"SELECT {columns} FROM version").one()
            assert connection.exec_driver_sql("SELECT path FROM file").scalar_one() == "model.onnx"
    engine.dispose()
