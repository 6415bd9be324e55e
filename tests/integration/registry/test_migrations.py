import json

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, event

from servery_kit.sql import database
from servery_registry.adapters.sql.tables import metadata
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS
from servery_registry.domain.file import File
from servery_registry.domain.manifest import manifest_sha256


def _differences(connection):
    def include(_, name, kind, *__):
        # SQLite does not tell which way a column of an index runs; the plans of the lists show that it is there.
        return connection.dialect.name != "sqlite" or kind != "index" or not name.endswith("_desc")

    opts = {"compare_type": True, "include_object": include}
    return compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)


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


def _config(connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _at(connection, revision: str) -> None:
    config = _config(connection)
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


def test_metrics_move_to_their_table_and_back(tmp_path):
    metrics = {f"v{n:04}": {"größe": n + 0.1, "loss": 5e-324, "whole": 3} for n in range(1201)} | {"none": {}}
    who_and_when = "'me', '2026-01-02 03:04:05', '2026-01-02 03:04:05', 'e'"
    engine = create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    with engine.begin() as connection:
        _at(connection, "0002")
        connection.exec_driver_sql(f"INSERT INTO model VALUES ('p', 'iris', '', 1, 1, {who_and_when})")
        for number, (name, values) in enumerate(metrics.items()):
            connection.exec_driver_sql(
                "INSERT INTO version (id, project, model, number, state, framework, metrics, description, file_count,"
                f" size_bytes, creator, create_time, update_time, etag) VALUES (?, 'p', 'iris', {number}, 'READY',"
                f" 'ONNX', ?, '', 1, 7, {who_and_when})",
                (name, json.dumps(values)),
            )
        connection.exec_driver_sql("INSERT INTO file VALUES ('v0001', 'model.onnx', 7, 'abc')")
    with engine.begin() as connection:
        _at(connection, "0003")
        found: dict[str, dict[str, float]] = {name: {} for name in metrics}
        for row in connection.exec_driver_sql("SELECT * FROM metric"):
            found[row.version_id][row.name] = row.value
            assert (row.project, row.model, f"v{row.number:04}") == ("p", "iris", row.version_id)
        assert found == metrics
        assert connection.exec_driver_sql("SELECT path FROM file").scalar_one() == "model.onnx"
    with engine.begin() as connection:
        command.downgrade(_config(connection), "0002")
        back = connection.exec_driver_sql("SELECT id, metrics FROM version").all()
        assert {row.id: json.loads(row.metrics) for row in back} == metrics
    engine.dispose()


def test_ready_versions_get_the_digest_of_their_manifest(tmp_path):
    who_and_when = "'me', '2026-01-02 03:04:05', '2026-01-02 03:04:05', 'e'"
    files = [("ä", 2, "f" * 64), ("a/b", 1, "0" * 64), ("Z", 30, "1" * 64), ("a.txt", 0, "2" * 64)]
    engine = create_engine(f"sqlite:///{tmp_path / 'registry.db'}")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
    with engine.begin() as connection:
        _at(connection, "0004")
        connection.exec_driver_sql(f"INSERT INTO model VALUES ('p', 'iris', '', 1, 1, {who_and_when})")
        for number, state in enumerate(("READY", "PENDING"), start=1):
            connection.exec_driver_sql(
                "INSERT INTO version (id, project, model, number, state, framework, description, file_count,"
                f" size_bytes, creator, create_time, update_time, etag) VALUES ('v{number}', 'p', 'iris', {number},"
                f" '{state}', 'ONNX', '', 4, 33, {who_and_when})"
            )
            for file in files:
                connection.exec_driver_sql(f"INSERT INTO file VALUES ('v{number}', ?, ?, ?)", file)
    with engine.begin() as connection:
        _at(connection, "0005")
        found = connection.exec_driver_sql("SELECT id, manifest_sha256, scan FROM version ORDER BY id").all()
        manifest = manifest_sha256(File(path=path, size_bytes=size, sha256=sha256) for path, size, sha256 in files)
        assert [tuple(row) for row in found] == [("v1", manifest, None), ("v2", None, None)]
    with engine.begin() as connection:
        command.downgrade(_config(connection), "0004")
        assert connection.exec_driver_sql("SELECT count(*) FROM file").scalar_one() == 2 * len(files)
    engine.dispose()
