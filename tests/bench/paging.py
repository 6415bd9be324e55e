"""How long the first and the last page of a list of versions take, in every order and with filters, on SQLite.

    python -m tests.bench.paging [versions]

Half of the versions belong to one model, the rest to models of a hundred each. A page has 50 versions; what is printed
is the median of many readings, in milliseconds, and the ratio of the last page to the first.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from servery_kit.sql import database
from servery_registry.adapters.sql.tables import MetricRow, ModelRow, TagRow, VersionRow
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, SqlUnitOfWork, sql_work
from servery_registry.domain.filter_parsing import parse_filter
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.order import Key
from servery_registry.domain.order_parsing import parse_order
from servery_registry.domain.version import Framework, Version, key_of

PAGE = 50
READINGS = 30
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = [by + desc for by in ("version", "create_time", "model", "metrics.accuracy") for desc in ("", " desc")]
FILTERS = [
    "framework = ONNX",
    "metrics.accuracy > 0.5",
    "metrics.loss > 0.5 AND framework != LLM",
    'tags.team = "vision"',
    'create_time > "2026-01-01T06:00:00Z"',
    'model = "m*"',
    "creator = ann",
    "version > 50",
]


async def fill(engine: AsyncEngine, count: int) -> None:
    """So many versions, all READY."""
    choose = random.Random(0)
    models = ["big", *(f"m{n:05}" for n in range(-(-count // 200)))]
    names = ["big"] * (count // 2) + [f"m{n // 100:05}" for n in range(count - count // 2)]
    numbers = dict.fromkeys(models, 0)
    frameworks = [framework.value for framework in Framework]
    same = {"description": "", "etag": "e", "update_time": BEGIN}
    choose.shuffle(names)
    versions, metrics, tags = [], [], []
    for place, model in enumerate(names):
        numbers[model] += 1
        name = {"project": "default", "model": model, "number": numbers[model]}
        version_id = str(uuid.UUID(int=choose.getrandbits(128)))
        versions.append(
            {
                **name,
                **same,
                "id": version_id,
                "state": "READY",
                "framework": choose.choice(frameworks),
                "file_count": 1,
                "size_bytes": 1,
                "creator": choose.choice(["ann", "bob"]),
                "create_time": BEGIN + timedelta(seconds=place),
                "model_schema": {},
                "provenance": {},
            }
        )
        metrics += [
            {**name, "version_id": version_id, "name": metric, "value": choose.random()}
            for metric in ("accuracy", "loss")
        ]
        tags.append({**name, "name": "team", "value": choose.choice(["vision", "text"]), "update_time": BEGIN})
    async with engine.begin() as connection:
        rows = [
            {**same, "project": "default", "name": name, "latest_version": numbers[name], "last_version": numbers[name]}
            | {"creator": "ann", "create_time": BEGIN}
            for name in models
        ]
        for table, all_rows in ((ModelRow, rows), (VersionRow, versions), (MetricRow, metrics), (TagRow, tags)):
            for begin in range(0, len(all_rows), 1000):
                await connection.execute(insert(table), all_rows[begin : begin + 1000])


async def measure(work: SqlUnitOfWork, model: str | None, order_by: str, filter_text: str) -> tuple[float, float, int]:
    """Milliseconds of the first and of the last page, and how many versions the list has."""
    order, where = parse_order(order_by), parse_filter(filter_text)

    async def page(after: Key | None, size: int) -> Listing[Version]:
        window = Window(size=size, after=after)
        return await work.versions.list("default", model, window, show_pending=False, where=where, order=order)

    async def milliseconds(after: Key | None) -> float:
        work._session.expunge_all()
        begin = time.perf_counter()
        await page(after, PAGE)
        return (time.perf_counter() - begin) * 1000

    keys: list[Key] = []
    after, more = None, True
    while more:
        found = await page(after, 1000)
        keys += [key_of(version, order) for version in found.items]
        work._session.expunge_all()
        after, more = keys[-1] if keys else None, found.more
    last = keys[-PAGE - 1] if len(keys) > PAGE else None
    # In turns, so that what else the machine does slows both.
    readings = [(await milliseconds(None), await milliseconds(last)) for _ in range(READINGS)]
    first_ms, last_ms = (statistics.median(column) for column in zip(*readings, strict=True))
    return first_ms, last_ms, len(keys)


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with database(f"sqlite+aiosqlite:///{Path(folder) / 'registry.db'}", MIGRATIONS) as engine:
            begin = time.perf_counter()
            await fill(engine, count)
            print(f"{count} versions written in {time.perf_counter() - begin:.0f} s; pages of {PAGE}")
            print(f"{'models':7}{'order':24}{'filter':42}{'versions':>9}{'first ms':>10}{'last ms':>9}{'ratio':>7}")
            asked = [(order, "") for order in ["", *ORDERS]]
            asked += [(order, text) for text in FILTERS for order in ("", "metrics.accuracy desc", "create_time desc")]
            async with sql_work(engine)(read_only=True) as work:
                for order_by, text in asked:
                    for model in ("big", None):
                        first, last, found = await measure(work, model, order_by, text)
                        row = f"{model or 'all':7}{order_by:24}{text:42}{found:9}{first:10.2f}{last:9.2f}"
                        print(f"{row}{last / first:7.2f}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
