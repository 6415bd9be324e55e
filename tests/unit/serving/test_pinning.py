"""Versions are pinned while a revision uses them, and unpinned in the end, whatever breaks in between."""

import asyncio

import pytest

from servery.errors import NotFound, Unavailable
from servery_serving.app.changes import Changes
from servery_serving.app.deployments import Wishes
from servery_serving.app.nodes import Nodes
from servery_serving.app.pinning import Pinning
from servery_serving.app.reconciler import Reconciler
from servery_serving.domain.deployment import Draft
from servery_serving.domain.node import Lease
from servery_serving.domain.pin import MAX_USER, Pin, user_of
from servery_serving.domain.placement import Everywhere
from tests.eventually import eventually
from tests.fakes.catalog import MemoryCatalog
from tests.fakes.deployments import MemoryStore
from tests.fakes.hand_clock import HandClock
from tests.fakes.probe import ScriptedProbe

DRAFT = Draft(project="default", model="iris")
PIN = Pin(project="default", model="iris", model_version=3, user="deployment default/iris revision 1")
DOWN = Unavailable("the registry does not answer", reason="REGISTRY_UNAVAILABLE")


class World:
    """Serving over fakes. `restart` keeps the store and the registry, as a restart of the process does."""

    def __init__(self):
        self.store, self.catalog, self.clock = MemoryStore(), MemoryCatalog(), HandClock()
        self.catalog.register("iris", 3)
        self.restart()

    def restart(self):
        self.changes = Changes()
        parts = {"changes": self.changes, "clock": self.clock}
        self.pinning = Pinning(store=self.store, catalog=self.catalog, changes=self.changes, retry_s=0.01)
        self.wishes = Wishes(store=self.store, catalog=self.catalog, pinning=self.pinning, **parts)
        self.nodes = Nodes(lease=Lease(2.0), placement=Everywhere(), **parts)
        self.reconciler = Reconciler(store=self.store, nodes=self.nodes, probe=ScriptedProbe(), **parts)

    async def create(self, draft=DRAFT):
        return await self.wishes.create(draft, creator="anonymous")

    async def passes(self):
        await self.reconciler.run_once()
        await self.pinning.run_once()

    async def left(self):
        async with self.store.read() as uow:
            return list(await uow.unpins.all())


@pytest.fixture
def world():
    return World()


async def test_a_version_is_pinned_when_it_is_deployed_and_unpinned_when_that_is_deleted(world):
    await world.create()
    assert world.catalog.pins == [PIN]
    assert await world.left() == []
    await world.passes()
    assert world.catalog.pins == [PIN]
    await world.wishes.delete("default", "iris")
    await world.passes()
    assert world.catalog.pins == []
    assert await world.left() == []


async def test_a_version_deleted_before_it_is_pinned_is_not_deployed(world):
    class DeletedMeanwhile(MemoryCatalog):
        async def resolve(self, project, model, number):
            found = await super().resolve(project, model, number)
            if not number:
                self.remove(model, found.number)
            return found

    world.catalog = DeletedMeanwhile()
    world.catalog.register("iris", 3)
    world.restart()
    with pytest.raises(NotFound) as caught:
        await world.create()
    assert caught.value.reason == "VERSION_NOT_FOUND"
    with pytest.raises(NotFound):
        await world.wishes.get("default", "iris")
    await world.passes()
    assert await world.left() == []


async def test_the_registry_is_told_later_when_it_is_down_at_a_deletion(world):
    await world.create()
    world.catalog.error = DOWN
    await world.wishes.delete("default", "iris")
    with pytest.raises(NotFound):
        await world.wishes.get("default", "iris")
    with pytest.raises(Unavailable):
        await world.passes()
    assert await world.left() == [PIN]
    world.restart()
    world.catalog.error = None
    await world.passes()
    assert world.catalog.pins == []
    assert await world.left() == []


async def test_the_pin_of_a_creation_that_was_cut_short_is_undone_after_a_restart(world):
    class Dying(MemoryCatalog):
        async def pin(self, pin):
            await super().pin(pin)
            raise asyncio.CancelledError

    pins = world.catalog.pins
    world.catalog = Dying()
    world.catalog.register("iris", 3)
    world.catalog.pins = pins
    world.restart()
    with pytest.raises(asyncio.CancelledError):
        await world.create()
    assert world.catalog.pins == [PIN]
    world.restart()
    await world.passes()
    assert world.catalog.pins == []
    assert await world.left() == []


async def test_a_pin_that_is_being_made_is_not_undone_meanwhile(world):
    class Slow(MemoryCatalog):
        async def pin(self, pin):
            await super().pin(pin)
            await world.passes()

    world.catalog = Slow()
    world.catalog.register("iris", 3)
    world.restart()
    await world.create()
    await world.passes()
    assert world.catalog.pins == [PIN]
    assert await world.left() == []


async def test_what_is_needed_after_all_is_taken_off_the_list_and_stays_pinned(world):
    await world.create()
    async with world.store.write() as uow:
        await uow.unpins.add(PIN)
        await uow.commit()
    await world.passes()
    assert world.catalog.pins == [PIN]
    assert await world.left() == []


async def test_what_was_deployed_before_there_were_pins_is_pinned_at_a_start(world):
    await world.create()
    world.catalog.pins.clear()
    world.restart()
    await world.passes()
    assert world.catalog.pins == [PIN]


async def test_a_deployment_whose_version_is_gone_does_not_hold_up_the_others(world, caplog):
    await world.create()
    world.catalog.register("other", 1)
    await world.create(Draft(project="default", model="other"))
    world.catalog.pins.clear()
    world.catalog.remove("iris", 3)
    world.restart()
    for _ in range(2):
        await world.passes()
    assert [pin.model for pin in world.catalog.pins] == ["other"]
    assert caplog.text.count("does not have") == 1


async def test_of_many_who_create_one_name_only_the_winner_stays_pinned(world):
    answers = await asyncio.gather(*(world.create() for _ in range(6)), return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1
    await world.passes()
    assert world.catalog.pins == [PIN]
    assert await world.left() == []


async def test_the_task_tries_again_until_the_registry_answers(world, caplog):
    await world.create()
    world.catalog.error = DOWN
    async with world.pinning.running(), world.reconciler.running():
        await world.wishes.delete("default", "iris")
        await eventually(world.left, lambda left: left == [PIN])
        await eventually(_text(caplog), lambda text: "can't be pinned or unpinned just now" in text)
        world.catalog.error = None
        await eventually(world.left, lambda left: left == [])
        assert world.catalog.pins == []
        world.changes.close()


def test_long_names_do_not_share_a_user():
    users = {user_of("p" * 255, "d" * 255, number) for number in (1, 2)}
    assert len(users) == 2
    assert all(len(user) <= MAX_USER for user in users)


def _text(caplog):
    async def look():
        return caplog.text

    return look
