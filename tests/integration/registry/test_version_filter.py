"""Filters over tags, aliases, creators and times in a database, against their meaning in Python."""

import random
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servery_kit.sql import database
from servery_registry.adapters.sql.tables import AliasRow, TagRow
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.domain.listing import Window
from servery_registry.domain.model import Model
from servery_registry.domain.order import NEWEST
from servery_registry.domain.version import Framework, State, Version
from tests.fakes.filters import filters
from tests.fakes.version_search import in_order, matches

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = [BEGIN + timedelta(microseconds=n) for n in (0, 1, 999_999, 1_000_000, 86_400_000_000)]
MODELS = ["iris", "iris-2", "Iris"]
WHO = ["ann", "bob", 'b"ob\\', "größe", "%"]
NUMBERS = [0.0, 0.1 + 0.2, 0.3, 3.0, -1e300, 5e-324, 1e20]
TEXTS = ["vision", "Vision", "true", "3", "", 'a"b\\', "größe", "a\nb"]
TAGS = [*NUMBERS, *TEXTS, True, False, 3, None, [3], {"a": "vision"}, 2**53]


@pytest.fixture
async def stored(tmp_path):
    """A `BeginWork`, and what its database holds."""
    choose = random.Random(5)
    async with database(f"sqlite+aiosqlite:///{tmp_path / 'registry.db'}", MIGRATIONS) as engine:
        begin_work, found = sql_work(engine), []
        async with begin_work() as work:
            for model in MODELS:
                await work.models.add(_model(model))
                for number in range(1, 26):
                    version = _version(model, number, choose)
                    await work.versions.add(version)
                    tags = {name: choose.choice(TAGS) for name in ("team", "size") if choose.random() < 0.8}
                    aliases = [f"{alias}-{number}" for alias in ("a", "b") if choose.random() < 0.1]
                    aliases += ["champion"] if number == 7 else []
                    for name, value in tags.items():
                        work._session.add(
                            TagRow(
                                project="default",
                                model=model,
                                number=number,
                                name=name,
                                value=value,
                                update_time=BEGIN,
                            )
                        )
                    for alias in aliases:
                        work._session.add(
                            AliasRow(
                                project="default",
                                model=model,
                                alias=alias,
                                version_id=version.id,
                                update_time=BEGIN,
                            )
                        )
                    found.append(replace(version, tags=tags, aliases=tuple(aliases)))
            await work.commit()
        yield begin_work, found


def _model(name: str) -> Model:
    return Model(
        project="default",
        name=name,
        description="",
        latest_version=0,
        creator="me",
        create_time=BEGIN,
        update_time=BEGIN,
        etag="e",
    )


def _version(model: str, number: int, choose: random.Random) -> Version:
    return Version(
        project="default",
        model=model,
        number=number,
        id=str(uuid.UUID(int=choose.getrandbits(128))),
        state=choose.choice(list(State)),
        framework=choose.choice(list(Framework)),
        metrics={name: choose.choice(NUMBERS) for name in ("a", "b") if choose.random() < 0.8},
        description="",
        creator=choose.choice(WHO),
        create_time=choose.choice(TIMES),
        update_time=BEGIN,
        etag="e",
    )


@given(
    where=filters(
        models=st.sampled_from([*MODELS, "iris*", "I*", "i*", "*", "none"]),
        creators=st.sampled_from([*WHO, "Ann", "a%", "*"]),
        aliases=st.sampled_from(["champion", "*", "a-3", "none"]),
        names=st.sampled_from(["a", "b", "c"]),
        tag_names=st.sampled_from(["team", "size", "none"]),
        texts=st.sampled_from([*TEXTS, "false", "null", "[3]", "3.0"]),
        numbers=st.sampled_from(NUMBERS),
        times=st.sampled_from(TIMES),
        versions=st.integers(0, 30),
        max_size=3,
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_database_and_python_find_the_same(stored, where):
    begin_work, all_found = stored
    expected = in_order((each for each in all_found if matches(each, where)), NEWEST, None)
    async with begin_work(read_only=True) as work:
        listed = await work.versions.list("default", None, Window(size=1000), show_pending=True, where=where)
    assert [version.id for version in listed.items] == [version.id for version in expected]
