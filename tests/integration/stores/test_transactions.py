"""What the services rely on in a database: one state for a reader, and no wait of a reader for a writer."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from servery_kit.sql import READ_ONLY, database
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS
from tests.integration.stores.databases import DATABASES

COUNT = text("SELECT count(*) FROM request")
ADD = text(
    "INSERT INTO request (project, method, request_id, fingerprint, made, create_time)"
    " VALUES ('p', 'm', :id, 'f', 'x', CURRENT_TIMESTAMP)"
)


@pytest.fixture(params=DATABASES)
async def engine(request, tmp_path):
    async with database(DATABASES[request.param](tmp_path), MIGRATIONS) as engine:
        yield engine


async def test_a_reader_sees_one_state_and_waits_for_no_writer(engine):
    async with engine.connect() as writer, engine.execution_options(**READ_ONLY).connect() as reader:
        assert (await reader.execute(COUNT)).scalar_one() == 0
        await writer.execute(ADD, {"id": "1"})
        async with asyncio.timeout(2):
            assert (await reader.execute(COUNT)).scalar_one() == 0
        await writer.commit()
        assert (await reader.execute(COUNT)).scalar_one() == 0
        await reader.rollback()
        assert (await reader.execute(COUNT)).scalar_one() == 1


async def test_on_postgresql_a_reader_cannot_write(tmp_path):
    async with database(DATABASES["postgres"](tmp_path), MIGRATIONS) as engine:
        async with engine.execution_options(**READ_ONLY).connect() as reader:
            with pytest.raises(DBAPIError, match="read-only"):
                await reader.execute(ADD, {"id": "1"})
        async with engine.connect() as writer:  # the same connection, perhaps: nothing of it is left
            await writer.execute(ADD, {"id": "1"})


async def test_two_processes_may_migrate_at_once(tmp_path):
    url = DATABASES["postgres"](tmp_path)

    async def start():
        async with database(url, MIGRATIONS) as engine, engine.connect() as connection:
            return (await connection.execute(COUNT)).scalar_one()

    assert await asyncio.gather(*(start() for _ in range(4))) == [0, 0, 0, 0]
