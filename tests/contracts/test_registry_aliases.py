"""How names move between versions, whichever way the registry is run."""

import asyncio

import pytest

from servery.errors import Aborted, FailedPrecondition, NotFound
from servery_registry.domain.listing import Window
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import PROJECT, WHO, new_model, new_version, pending_version, upload

CLIENTS = 50


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


async def ready(registry: Registry, count: int, model: str = "iris") -> None:
    """A model with so many READY versions."""
    await registry.models.create(new_model(model), creator=WHO)
    for number in range(1, count + 1):
        version = await registry.versions.create(new_version(model=model), creator=WHO)
        await upload(registry, version, b"content")
        await registry.versions.finalize(PROJECT, model, number)


async def aliases_of(registry: Registry, model: str = "iris") -> dict[str, int]:
    return dict((await registry.models.get(PROJECT, model)).aliases)


async def test_an_alias_names_a_version_and_no_other(registry: Registry):
    await ready(registry, 2)
    before = await registry.models.get(PROJECT, "iris"), await registry.versions.get(PROJECT, "iris", 1)
    await registry.aliases.set(PROJECT, "iris", "champion", 1)
    await registry.aliases.set(PROJECT, "iris", "best-of_2", 1)
    first = await registry.versions.get(PROJECT, "iris", 1)
    assert first.aliases == ("best-of_2", "champion")
    model = await registry.models.get(PROJECT, "iris")
    assert model.aliases == {"best-of_2": 1, "champion": 1}
    assert {model.etag, first.etag}.isdisjoint({before[0].etag, before[1].etag})
    await registry.aliases.set(PROJECT, "iris", "champion", 2)
    assert await aliases_of(registry) == {"best-of_2": 1, "champion": 2}
    listed = (await registry.versions.list(PROJECT, "iris", Window())).items
    assert [version.aliases for version in listed] == [("champion",), ("best-of_2",)]
    assert (await registry.models.list(PROJECT, Window())).items == [await registry.models.get(PROJECT, "iris")]
    assert (await registry.versions.get(PROJECT, "iris", 0, alias="champion")).number == 2
    assert (await registry.versions.get(PROJECT, "iris", 0, alias="best-of_2")).number == 1


async def test_latest_resolves_without_being_set(registry: Registry):
    await ready(registry, 2)
    assert (await registry.versions.get(PROJECT, "iris", 0, alias="latest")).number == 2
    assert await aliases_of(registry) == {}


async def test_setting_an_alias_to_what_it_names_changes_nothing(registry: Registry):
    await ready(registry, 1)
    await registry.aliases.set(PROJECT, "iris", "champion", 1)
    before = await registry.models.get(PROJECT, "iris")
    await registry.aliases.set(PROJECT, "iris", "champion", 1)
    await registry.aliases.set(PROJECT, "iris", "champion", 1, previous=1)
    assert await registry.models.get(PROJECT, "iris") == before


async def test_aliases_of_models_are_apart(registry: Registry):
    await ready(registry, 1)
    await ready(registry, 2, "rose")
    await registry.aliases.set(PROJECT, "iris", "champion", 1)
    await registry.aliases.set(PROJECT, "rose", "champion", 2)
    assert [await aliases_of(registry, model) for model in ("iris", "rose")] == [{"champion": 1}, {"champion": 2}]
    await registry.aliases.delete(PROJECT, "rose", "champion")
    assert [await aliases_of(registry, model) for model in ("iris", "rose")] == [{"champion": 1}, {}]


async def test_a_deleted_alias_is_gone(registry: Registry):
    await ready(registry, 1)
    await registry.aliases.set(PROJECT, "iris", "champion", 1)
    await registry.aliases.delete(PROJECT, "iris", "champion")
    assert await aliases_of(registry) == {}
    assert (await registry.versions.get(PROJECT, "iris", 1)).aliases == ()
    for call in (
        registry.versions.get(PROJECT, "iris", 0, alias="champion"),
        registry.aliases.delete(PROJECT, "iris", "champion"),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert (caught.value.reason, caught.value.resource_name) == ("ALIAS_NOT_FOUND", "iris/champion")


async def test_only_a_ready_version_gets_an_alias(registry: Registry):
    await pending_version(registry)
    with pytest.raises(FailedPrecondition) as caught:
        await registry.aliases.set(PROJECT, "iris", "champion", 1)
    assert caught.value.reason == "VERSION_NOT_READY"
    for model, number, reason in (("iris", 2, "VERSION_NOT_FOUND"), ("rose", 1, "MODEL_NOT_FOUND")):
        with pytest.raises(NotFound) as missing:
            await registry.aliases.set(PROJECT, model, "champion", number)
        assert missing.value.reason == reason
    with pytest.raises(NotFound):
        await registry.versions.get(PROJECT, "rose", 0, alias="champion")
    assert await aliases_of(registry) == {}


@pytest.mark.parametrize(("present", "expected"), [(None, 1), (1, 0), (1, 2)])
async def test_an_alias_that_has_moved_is_not_moved_unseen(registry: Registry, present, expected):
    await ready(registry, 3)
    if present:
        await registry.aliases.set(PROJECT, "iris", "champion", present, previous=0)
    before = await aliases_of(registry)
    with pytest.raises(Aborted) as caught:
        await registry.aliases.set(PROJECT, "iris", "champion", 3, previous=expected)
    assert (caught.value.reason, caught.value.metadata["version"]) == ("ALIAS_MOVED", str(present or 0))
    assert await aliases_of(registry) == before
    await registry.aliases.set(PROJECT, "iris", "champion", 3, previous=present or 0)
    assert await aliases_of(registry) == {"champion": 3}


async def test_of_clients_that_move_one_alias_exactly_one_wins(registry: Registry):
    await ready(registry, 3)
    for present, versions in ((0, (1, 2)), (1, (2, 3)), (2, (1, 3))):
        if present:
            await registry.aliases.set(PROJECT, "iris", "champion", present)
        before = await aliases_of(registry)
        calls = [
            registry.aliases.set(PROJECT, "iris", "champion", versions[n % 2], previous=present) for n in range(CLIENTS)
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [answers.count(None), sum(isinstance(answer, Aborted) for answer in answers)] == [1, CLIENTS - 1]
        assert await aliases_of(registry) == {"champion": versions[answers.index(None) % 2]} != before


async def test_a_model_has_so_many_aliases_and_no_more(registry: Registry, monkeypatch):
    monkeypatch.setattr("servery_registry.domain.alias.MAX_ALIASES", 2)
    await ready(registry, 2)
    for name in ("a", "b"):
        await registry.aliases.set(PROJECT, "iris", name, 1)
    with pytest.raises(FailedPrecondition) as caught:
        await registry.aliases.set(PROJECT, "iris", "c", 1)
    assert caught.value.reason == "TOO_MANY_ALIASES"
    await registry.aliases.set(PROJECT, "iris", "b", 2)
