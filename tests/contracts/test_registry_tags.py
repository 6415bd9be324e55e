"""What the registry does with tags and their schemas, whichever way it is run."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from servery.errors import FailedPrecondition, InvalidArgument, NotFound
from servery_registry.domain.listing import Window
from servery_registry.domain.tag import TagSchema
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import PROJECT, WHO, new_model, new_version, pending_version, ready_version

VALUES = [
    None,
    True,
    False,
    0,
    -7,
    2**53 - 1,
    0.1 + 0.2,
    -1e300,
    "",
    "größe – 花 \\ \"'\n",
    [],
    {},
    [1, [2, [3, None]], {"a": []}],
    {"": 1, "größe": {"b": [True, 1.5, "x"]}},
]


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


def schema(name: str = "team", json_schema: object = None, *, mandatory: bool = False, project=PROJECT) -> TagSchema:
    return TagSchema(
        project=project,
        name=name,
        json_schema="" if json_schema is None else json.dumps(json_schema),
        mandatory=mandatory,
        update_time=datetime(1970, 1, 1, tzinfo=UTC),
    )


async def tags_of(registry: Registry, number: int) -> dict:
    if not number:
        return dict((await registry.models.get(PROJECT, "iris")).tags)
    return dict((await registry.versions.get(PROJECT, "iris", number, show_pending=True)).tags)


async def test_any_json_value_is_kept_as_it_is(registry: Registry):
    await pending_version(registry)
    for position, value in enumerate(VALUES):
        await registry.tags.set(PROJECT, "iris", 1, f"tag-{position}", value)
    tags = await tags_of(registry, 1)
    assert json.dumps(tags, sort_keys=True) == json.dumps(
        {f"tag-{position}": value for position, value in enumerate(VALUES)}, sort_keys=True
    )


@pytest.mark.parametrize("number", [0, 1])
async def test_a_tag_is_set_changed_and_removed(registry: Registry, number):
    await ready_version(registry, {"model.joblib": b"content"})
    before = await registry.models.get(PROJECT, "iris")
    version = await registry.versions.get(PROJECT, "iris", 1)
    await registry.tags.set(PROJECT, "iris", number, "team", "vision")
    await registry.tags.set(PROJECT, "iris", number, "cost", 3)
    await registry.tags.set(PROJECT, "iris", number, "team", None)
    assert await tags_of(registry, number) == {"team": None, "cost": 3}
    assert await tags_of(registry, 1 - number) == {}
    model = await registry.models.get(PROJECT, "iris")
    assert model.etag != before.etag
    assert ((await registry.versions.get(PROJECT, "iris", 1)).etag == version.etag) is (number == 0)
    await registry.tags.delete(PROJECT, "iris", number, "team")
    assert await tags_of(registry, number) == {"cost": 3}
    with pytest.raises(NotFound) as caught:
        await registry.tags.delete(PROJECT, "iris", number, "team")
    assert (caught.value.reason, caught.value.resource_name) == ("TAG_NOT_FOUND", "team")
    assert (await registry.models.list(PROJECT, Window())).items == [await registry.models.get(PROJECT, "iris")]
    listed = (await registry.versions.list(PROJECT, "iris", Window())).items
    assert listed == [await registry.versions.get(PROJECT, "iris", 1)]


async def test_nothing_that_is_not_there_is_tagged(registry: Registry):
    for create, number, reason in ((False, 0, "MODEL_NOT_FOUND"), (True, 1, "VERSION_NOT_FOUND")):
        if create:
            await registry.models.create(new_model(), creator=WHO)
        for call in (
            registry.tags.set(PROJECT, "iris", number, "team", 1),
            registry.tags.delete(PROJECT, "iris", number, "team"),
        ):
            with pytest.raises(NotFound) as caught:
                await call
            assert caught.value.reason == reason


async def test_tags_set_at_once_are_all_kept(registry: Registry):
    await pending_version(registry)
    await asyncio.gather(*(registry.tags.set(PROJECT, "iris", 1, f"t{n}", n) for n in range(8)))
    assert await tags_of(registry, 1) == {f"t{n}": n for n in range(8)}


async def test_tags_have_a_limit_in_all(registry: Registry):
    await pending_version(registry)
    large = "x" * (64 * 1024 - 2)
    for name in ("a", "b"):
        await registry.tags.set(PROJECT, "iris", 1, name, large)
    with pytest.raises(FailedPrecondition) as caught:
        await registry.tags.set(PROJECT, "iris", 1, "c", large)
    assert caught.value.reason == "TOO_MANY_TAGS"
    await registry.tags.set(PROJECT, "iris", 1, "b", "short")
    for position in range(98):
        await registry.tags.set(PROJECT, "iris", 1, f"more-{position}", position)
    with pytest.raises(FailedPrecondition):
        await registry.tags.set(PROJECT, "iris", 1, "c", 1)


async def test_a_value_must_fit_the_schema_of_its_name(registry: Registry):
    await pending_version(registry)
    stored = await registry.tags.set_schema(
        schema(json_schema={"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]})
    )
    assert stored.update_time.year > 1970
    await registry.tags.set(PROJECT, "iris", 1, "team", {"size": 3})
    for misfit, word in ((1, "object"), ({}, "size"), ({"size": 1.5}, "$.size")):
        with pytest.raises(InvalidArgument) as caught:
            await registry.tags.set(PROJECT, "iris", 1, "team", misfit)
        assert (caught.value.field, caught.value.reason) == ("value", "TAG_MISFIT")
        assert word in str(caught.value)
    await registry.tags.set(PROJECT, "iris", 1, "other", 1)
    assert await tags_of(registry, 1) == {"team": {"size": 3}, "other": 1}
    await registry.tags.set_schema(schema(json_schema={"type": "string"}))
    assert await tags_of(registry, 1) == {"team": {"size": 3}, "other": 1}  # values that are there stay
    await registry.tags.set(PROJECT, "iris", 1, "team", "vision")
    await registry.tags.delete_schema(PROJECT, "team")
    await registry.tags.set(PROJECT, "iris", 1, "team", 5)


@pytest.mark.parametrize(
    "json_schema",
    [{"type": "strin"}, 5, {"$ref": "https://example.com/s.json"}, {"$ref": "#/$defs/x"}, {"pattern": "(a+)+"}],
    ids=json.dumps,
)
async def test_a_schema_that_can_not_be_used_is_refused(registry: Registry, json_schema):
    with pytest.raises(InvalidArgument) as caught:
        await registry.tags.set_schema(schema(json_schema=json_schema))
    assert (caught.value.field, caught.value.reason) == ("tag_schema.json_schema", "TAG_SCHEMA_INVALID")
    assert not (await registry.tags.list_schemas(PROJECT, Window())).items


async def test_schemas_are_listed_by_name_page_by_page(registry: Registry):
    names = ["b", "a-1", "B", "_", "a"]
    made = {name: await registry.tags.set_schema(schema(name, mandatory=name == "a")) for name in names}
    await registry.tags.set_schema(schema("elsewhere", project="other"))
    seen, after, more = [], None, True
    while more:
        page = await registry.tags.list_schemas(PROJECT, Window(size=2, after=after))
        seen += page.items
        after, more = page.items[-1].name, page.more
    assert seen == [made[name] for name in sorted(names)]
    await registry.tags.delete_schema(PROJECT, "a")
    with pytest.raises(NotFound) as caught:
        await registry.tags.delete_schema(PROJECT, "a")
    assert caught.value.reason == "TAG_SCHEMA_NOT_FOUND"


async def test_mandatory_tags_that_a_version_has_not_are_told(registry: Registry):
    await registry.tags.set_schema(schema("team", mandatory=True))
    await registry.tags.set_schema(schema("cost", {"type": "number"}, mandatory=True))
    await registry.tags.set_schema(schema("free"))
    await registry.tags.set_schema(schema("elsewhere", mandatory=True, project="other"))
    made = await pending_version(registry)
    assert made.missing_mandatory_tags == ("cost", "team")
    await registry.tags.set(PROJECT, "iris", 1, "team", None)
    await registry.tags.set(PROJECT, "iris", 0, "cost", 3)  # of the model, not of the version
    (listed,) = (await registry.versions.list(PROJECT, "iris", Window(), show_pending=True)).items
    assert listed.missing_mandatory_tags == ("cost",)
    await registry.tags.set_schema(schema("cost", {"type": "number"}, mandatory=False))
    version = await registry.versions.create(new_version(), creator=WHO)
    assert version.missing_mandatory_tags == ("team",)
    assert (await registry.versions.get(PROJECT, "iris", 1, show_pending=True)).missing_mandatory_tags == ()
