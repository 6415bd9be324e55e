"""How SQLite finds a page: along an index, from the place where it begins, without a sort of what it finds."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from servery_kit.sql import database
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.domain.filter import Comparison
from servery_registry.domain.filter_parsing import parse_filter
from servery_registry.domain.listing import Window
from servery_registry.domain.order import Part
from servery_registry.domain.order_parsing import parse_order

BY = ("version", "create_time", "model", "metrics.accuracy")
ORDERS = ["", *BY, *(f"{by} desc" for by in BY)]
FILTERS = [
    "",
    'create_time > "2026-01-01T06:00:00Z"',
    "version > 3 AND framework = ONNX AND creator = ann",
    "metrics.accuracy > 0.5 AND metrics.loss < 1",
    'tags.team = "vision" AND tags.size > 3',
    "alias != champion",
    'model = "iris*"',
]
VALUES = {Part.MODEL: "iris", Part.NUMBER: 7, Part.VALUE: 0.5, Part.CREATE_TIME: datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture
async def plans(tmp_path):
    """A function: the plans of the statements that list versions."""
    async with database(f"sqlite+aiosqlite:///{tmp_path / 'registry.db'}", MIGRATIONS) as engine:
        seen = []

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def note(connection, cursor, statement, parameters, *_):
            if "LIMIT" in statement and not statement.startswith("EXPLAIN"):
                seen.append((statement, parameters))

        async def explained(model, order, after, where: tuple[Comparison, ...]) -> list[str]:
            seen.clear()
            async with sql_work(engine)(read_only=True) as work:
                window = Window(size=50, after=after)
                await work.versions.list("default", model, window, show_pending=False, where=where, order=order)
            found = []
            async with engine.connect() as connection:
                for statement, parameters in seen:
                    rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    found.append("\n".join(row.detail for row in rows))
            return found

        yield explained


@pytest.mark.parametrize("model", [None, "iris"])
@pytest.mark.parametrize("text", FILTERS)
@pytest.mark.parametrize("order_by", ORDERS)
async def test_every_page_is_read_along_an_index(plans, order_by, text, model):
    order = parse_order(order_by)
    for after in (None, tuple(VALUES[part] for part, _ in order.parts)):
        found = await plans(model, order, after, parse_filter(text))
        assert len(found) == (2 if after and not order_by and model is None else 1)
        for plan in found:
            assert "B-TREE" not in plan, plan
            assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", ""), plan
            table = plan.splitlines()[0]
            assert "USING INDEX" in table or "USING COVERING INDEX" in table, plan
