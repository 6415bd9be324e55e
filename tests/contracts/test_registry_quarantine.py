"""What may be done with a version in quarantine, and what may not, whichever way the registry is run."""

import pickle
from datetime import timedelta

import pytest

from servery.errors import FailedPrecondition, NotFound
from servery_registry.domain.filter_parsing import parse_filter
from servery_registry.domain.garbage import Account
from servery_registry.domain.listing import Window
from servery_registry.domain.order_parsing import parse_order
from servery_registry.domain.version import State, Version, VersionChange
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import PROJECT, WHO, content_of, new_model, new_version, upload

READY, FALSE, PENDING = 1, 2, 3
"""Numbers of the versions there are."""

PICKLE = pickle.dumps([1])
NOW = timedelta()


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    """Model iris with a version that is READY, a later and better one that is QUARANTINED, and a PENDING one."""
    async with runner.open() as registry:
        await registry.models.create(new_model(), creator=WHO)
        for number, path in ((READY, "model.pkl"), (FALSE, "model.onnx"), (PENDING, "model.pkl")):
            new = new_version(number, metrics={"accuracy": number / 10})
            await upload(registry, await registry.versions.create(new, creator=WHO), PICKLE + bytes([number]), path)
        for number in (READY, FALSE):
            await registry.versions.finalize(PROJECT, "iris", number)
        yield registry


async def false_one(registry: Registry) -> Version:
    return await registry.versions.get(PROJECT, "iris", FALSE)


@pytest.mark.parametrize(
    ("text", "show_pending", "numbers"),
    [
        ("state = QUARANTINED", False, [FALSE]),
        ("state != QUARANTINED", False, [READY]),
        ("state != QUARANTINED", True, [PENDING, READY]),
        ("state = READY", False, [READY]),
        ("state = PENDING", False, []),
        ("metrics.accuracy > 0", False, [FALSE, READY]),
        ("", False, [FALSE, READY]),
        ("", True, [PENDING, FALSE, READY]),
    ],
)
async def test_lists_show_it_as_one_that_is_finalised(registry: Registry, text, show_pending, numbers):
    for model in ("iris", None):
        where = parse_filter(text)
        page = await registry.versions.list(PROJECT, model, Window(), where=where, show_pending=show_pending)
        assert [each.number for each in page.items] == numbers


async def test_it_is_in_order_with_the_others_page_by_page(registry: Registry):
    first = await registry.versions.list(PROJECT, "iris", Window(size=1), order=parse_order("metrics.accuracy desc"))
    assert ([each.number for each in first.items], first.more) == ([FALSE], True)


async def test_it_is_never_the_best(registry: Registry):
    best = await registry.versions.best(PROJECT, "iris", "accuracy", highest=True)
    assert (best.number, best.state) == (READY, State.READY)


async def test_no_alias_names_it(registry: Registry):
    before = await registry.models.get(PROJECT, "iris")
    with pytest.raises(FailedPrecondition) as caught:
        await registry.aliases.set(PROJECT, "iris", "champion", FALSE)
    assert caught.value.reason == "VERSION_NOT_READY"
    assert "QUARANTINED" in str(caught.value)
    assert await registry.models.get(PROJECT, "iris") == before


async def test_nobody_pins_it(registry: Registry):
    with pytest.raises(FailedPrecondition) as caught:
        await registry.pins.pin(PROJECT, "iris", FALSE, "deployment iris")
    assert caught.value.reason == "VERSION_NOT_READY"
    assert "QUARANTINED" in str(caught.value)
    await registry.versions.delete(PROJECT, "iris", FALSE)  # so it is not in use


async def test_it_can_be_described_and_stays_what_it_is(registry: Registry):
    before = await false_one(registry)
    assert before.scan is not None
    await registry.tags.set(PROJECT, "iris", FALSE, "seen", True)
    await registry.versions.update(PROJECT, "iris", FALSE, VersionChange(description="not what it seems"))
    after = await false_one(registry)
    assert (after.description, dict(after.tags)) == ("not what it seems", {"seen": True})
    assert (after.state, after.scan, after.manifest_sha256) == (before.state, before.scan, before.manifest_sha256)
    assert await registry.versions.finalize(PROJECT, "iris", FALSE) == after  # with all that is said of it


async def test_its_bytes_are_no_garbage_until_it_is_deleted(registry: Registry):
    assert await registry.storage.collect(grace=NOW) == Account()
    assert await content_of(registry, await false_one(registry), "model.onnx") == PICKLE + bytes([FALSE])
    await registry.versions.delete(PROJECT, "iris", FALSE)
    assert (await registry.storage.collect(grace=NOW)).count == 1
    with pytest.raises(NotFound):
        await false_one(registry)


async def test_it_does_not_become_the_latest_when_that_is_deleted(registry: Registry):
    await registry.versions.delete(PROJECT, "iris", READY)
    assert (await registry.models.get(PROJECT, "iris")).latest_version == 0
    for number, alias in ((0, ""), (0, "latest")):
        with pytest.raises(NotFound):
            await registry.versions.get(PROJECT, "iris", number, alias=alias)
    assert (await false_one(registry)).state is State.QUARANTINED
