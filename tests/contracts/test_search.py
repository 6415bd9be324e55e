"""How the registry looks for versions and models: in any order, with any filter, whichever way it is run."""

import random

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servery.errors import NotFound
from servery_registry.domain.filter_parsing import parse_filter
from servery_registry.domain.listing import Window
from servery_registry.domain.order import Order
from servery_registry.domain.order_parsing import parse_order
from servery_registry.domain.version import Framework, State, Version, key_of
from tests.contracts.registries import RUNNERS, Registry
from tests.contracts.registry_material import PROJECT, WHO, new_model, new_version, upload
from tests.fakes.filters import filters
from tests.fakes.version_search import in_order, matches

MODELS = ["iris", "iris-2", "Iris", "a_b", "empty"]
NUMBERS = [0.0, 0.1 + 0.2, 0.3, -1.5, 5e-324, 1e300, 7.0]
TAGS = ["vision", "Vision", 'a"\\b', "3", "true", 3.0, 0.1 + 0.2, True, False, None, [3.0], {"a": "vision"}]
ALIASES = [("iris", "champion", 3), ("iris", "old", 3), ("iris-2", "champion", 6), ("a_b", "second", 3)]
BY = ("version", "create_time", "model", "metrics.accuracy", 'metrics."größe"')
ORDERS = [by + desc for by in BY for desc in ("", " desc")]


# All tests read one and the same registry, which is made once for each runner.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(params=RUNNERS, scope="module", loop_scope="module")
async def registry(request, tmp_path_factory):
    async with RUNNERS[request.param](tmp_path_factory.mktemp("search")).open() as registry:
        yield registry


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(registry: Registry) -> list[Version]:
    """Versions of several models, with values that are often equal; some are READY."""
    choose = random.Random(3)
    for model in MODELS:
        await registry.models.create(new_model(model), creator=WHO)
    await registry.models.create(new_model("iris", project="other"), creator=WHO)
    await registry.versions.create(new_version(project="other"), creator=WHO)
    made = []
    for number in range(1, 9):
        for model in MODELS[:-1]:
            metrics = {name: choose.choice(NUMBERS) for name in ("accuracy", "größe", "a b") if choose.random() < 0.7}
            framework = choose.choice(list(Framework)[:3])
            new = new_version(number, model=model, metrics=metrics, framework=framework)
            version = await registry.versions.create(new, creator=WHO)
            if number % 3 == 0:
                await upload(registry, version, b"content")
                version = await registry.versions.finalize(PROJECT, model, number)
            for name in ("team", "a-b"):
                if choose.random() < 0.7:
                    await registry.tags.set(PROJECT, model, number, name, choose.choice(TAGS))
            made.append(version)
    for model, alias, number in ALIASES:
        await registry.aliases.set(PROJECT, model, alias, number)
    # As they are now: an alias or a tag that is set changes the version.
    return [await registry.versions.get(PROJECT, each.model, each.number, show_pending=True) for each in made]


async def pages(registry: Registry, model: str | None, order: Order, size: int, **given) -> list[Version]:
    """All pages of a list."""
    found: list[Version] = []
    after, more = None, True
    while more:
        page = await registry.versions.list(PROJECT, model, Window(size=size, after=after), order=order, **given)
        assert len(page.items) == size or not page.more
        found += page.items
        more = page.more
        after = key_of(found[-1], order) if found else None
    return found


@pytest.mark.parametrize("text", ["", *ORDERS])
async def test_pages_follow_each_other_in_every_order(registry: Registry, made, text):
    order = parse_order(text)
    for model in (None, "iris", "empty"):
        expected = in_order([each for each in made if model in {None, each.model}], order, None)
        for size in (3, 1000):
            assert await pages(registry, model, order, size, show_pending=True) == expected
        assert await pages(registry, model, order, 1) == [each for each in expected if each.state is State.READY]


async def test_orders_are_what_they_say(registry: Registry, made):
    async def listed(text: str) -> list[tuple[str, int]]:
        found = await pages(registry, None, parse_order(text), 5, show_pending=True)
        return [(each.model, each.number) for each in found]

    numbers = range(1, 9)
    names = sorted(MODELS[:-1])
    assert await listed("") == [(model, number) for model in names for number in reversed(numbers)]
    assert await listed("model") == [(model, number) for model in names for number in numbers]
    assert await listed("version") == [(model, number) for number in numbers for model in names]
    assert await listed("create_time") == [(each.model, each.number) for each in made]
    with_metric = [each for each in made if "accuracy" in each.metrics]
    by_metric = sorted(with_metric, key=lambda each: (each.metrics["accuracy"], each.model, each.number))
    assert await listed("metrics.accuracy") == [(each.model, each.number) for each in by_metric]
    for text in ORDERS[::2]:
        assert await listed(text + " desc") == list(reversed(await listed(text)))


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_filters_find_what_they_mean(registry: Registry, made, data):
    times = st.sampled_from([each.create_time for each in made])
    where = data.draw(
        filters(
            models=st.sampled_from(["iris", "iris*", "I*", "*", "none", "a_b"]),
            creators=st.sampled_from([WHO, "someone"]),
            aliases=st.sampled_from(["champion", "old", "*", "none"]),
            tag_names=st.sampled_from(["team", "a-b", "none"]),
            texts=st.sampled_from(["vision", 'a"\\b', "3", "true", "null"]),
            names=st.sampled_from(["accuracy", "größe", "a b", "none"]),
            numbers=st.sampled_from([*NUMBERS, 3.0]),
            times=times,
            versions=st.integers(0, 9),
            max_size=3,
        )
    )
    order = parse_order(data.draw(st.sampled_from(["", *ORDERS])))
    model = data.draw(st.sampled_from([None, "iris"]))
    show_pending = data.draw(st.booleans())
    expected = [
        each
        for each in in_order(made, order, None)
        if model in {None, each.model} and (show_pending or each.state is State.READY) and matches(each, where)
    ]
    size = data.draw(st.sampled_from([2, 5, 50]))
    assert await pages(registry, model, order, size, where=where, show_pending=show_pending) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 8),
        ("framework != SKLEARN", None),
        ('model = "iris*"', 4),
        ("model != iris", 6),
        ("version > 3", 4),
        ("state = READY", 8),
        ("state = PENDING", 0),
        ("state = QUARANTINED", 0),
        ("creator = nobody", 0),
        ("metrics.none != 1", 0),
        ('create_time > "2020-01-01T00:00:00Z" AND create_time < "9999-01-01T00:00:00Z"', 8),
        ("metrics.accuracy >= -2 AND metrics.accuracy < -2", 0),
        ("alias = *", 3),
        ("alias = champion", 2),
        ("alias != champion", 6),
        ("alias != *", 5),
        ("alias = champion AND alias = old", 1),
        ("tags.none != vision", 0),
    ],
)
async def test_a_filter_as_it_is_written(registry: Registry, made, text, found):
    page = await registry.versions.list(PROJECT, None, Window(), where=parse_filter(text))
    if found is None:
        found = sum(each.state is State.READY and each.framework is not Framework.SKLEARN for each in made)
    assert len(page.items) == found


async def test_all_models_of_a_project_without_any_are_no_versions(registry: Registry):
    assert not (await registry.versions.list("nobodys", None, Window())).items
    with pytest.raises(NotFound):
        await registry.versions.list("nobodys", "iris", Window())


@pytest.mark.parametrize(
    ("prefix", "names"),
    [("", ["Iris", "a_b", "empty", "iris", "iris-2"]), ("iris", ["iris", "iris-2"]), ("iris-", ["iris-2"]), ("z", [])],
)
async def test_models_are_listed_by_prefix(registry: Registry, made, prefix, names):
    seen, after, more = [], None, True
    while more:
        page = await registry.models.list(PROJECT, Window(size=2, after=after), prefix=prefix)
        seen += [model.name for model in page.items]
        more = page.more
        after = seen[-1] if seen else None
    assert seen == names
