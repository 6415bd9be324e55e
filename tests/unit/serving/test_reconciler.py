"""Passes of the reconciler over fakes, and the nodes' leases; time is moved by hand."""

import asyncio
from contextlib import aclosing

import pytest

from servery.errors import Aborted, NotFound, Unavailable
from servery_serving.app.changes import Changes
from servery_serving.app.deployments import Wishes
from servery_serving.app.nodes import Nodes
from servery_serving.app.pinning import Pinning
from servery_serving.app.reconciler import Reconciler
from servery_serving.domain.deployment import Draft, Key, State
from servery_serving.domain.node import AssignmentStatus, Lease, Node, Progress
from servery_serving.domain.placement import Everywhere
from tests.fakes.catalog import MemoryCatalog
from tests.fakes.deployments import MemoryStore
from tests.fakes.hand_clock import HandClock
from tests.fakes.probe import ScriptedProbe

INTERVAL_S = 2.0
LEASE_S = 6.0


class World:
    """Serving over fakes. `restart` keeps the store alone, as a restart of the process does."""

    def __init__(self):
        self.store, self.clock, self.probe, self.catalog = MemoryStore(), HandClock(), ScriptedProbe(), MemoryCatalog()
        self.catalog.register("iris", 3)
        self.catalog.register("digits", 1)
        self.restart()
        self.clock.advance(LEASE_S)

    def restart(self):
        self.changes = Changes()
        parts = {"changes": self.changes, "clock": self.clock}
        self.pinning = Pinning(store=self.store, catalog=self.catalog, changes=self.changes)
        self.wishes = Wishes(store=self.store, catalog=self.catalog, pinning=self.pinning, **parts)
        self.nodes = Nodes(lease=Lease(INTERVAL_S), placement=Everywhere(), **parts)
        self.reconciler = Reconciler(store=self.store, nodes=self.nodes, probe=self.probe, **parts)

    async def started(self, model="iris"):
        deployment = await self.wishes.create(Draft(project="default", model=model), creator="anonymous")
        return await self.wishes.start("default", deployment.name)

    async def state(self, name="iris"):
        await self.reconciler.run_once()
        return (await self.wishes.get("default", name)).observed.state

    def report(self, progress, name="iris", node="n1", revision=1, reason=""):
        self.nodes.report(node, [] if progress is None else [status(progress, name, revision, reason)])


def status(progress, name="iris", revision=1, reason=""):
    return AssignmentStatus(Key("default", name, revision), progress, reason)


@pytest.fixture
def world():
    return World()


async def dial(world, node_id="n1"):
    """A node's open stream, its first snapshot taken, of all that was wished for by now."""
    await world.reconciler.run_once()
    stream = world.nodes.watch(Node(node_id, f"{node_id}:8001"))
    return stream, await anext(stream)


async def test_a_start_passes_through_every_step(world):
    await world.started()
    assert await world.state() is State.STARTING
    stream, held = await dial(world)
    async with aclosing(stream):
        assert [a.key.deployment for a in held] == ["iris"]
        for progress, expected in [
            (None, State.STARTING),
            (Progress.FETCHING, State.STARTING),
            (Progress.LOADING, State.STARTING),
            (Progress.READY, State.RUNNING),
            (Progress.FAILED, State.FAILED),
            (Progress.READY, State.RUNNING),
        ]:
            world.report(progress)
            assert await world.state() is expected


async def test_a_node_that_says_ready_is_not_believed_before_its_front_door_answers(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.probe.refusals["n1"] = "nobody home"
        world.report(Progress.READY)
        assert await world.state() is State.STARTING
        assert "nobody home" in (await world.wishes.get("default", "iris")).observed.reason
        del world.probe.refusals["n1"]
        assert await world.state() is State.RUNNING
        assert world.probe.asked[-1] == ("n1", "iris", 3)


async def test_the_front_door_is_asked_once_until_the_node_registers_anew(world):
    await world.started()
    first, _ = await dial(world)
    async with aclosing(first):
        world.report(Progress.READY)
        for _ in range(3):
            assert await world.state() is State.RUNNING
        assert len(world.probe.asked) == 1
        second, _ = await dial(world)
        async with aclosing(second):
            world.probe.refusals["n1"] = "back, and still empty"
            assert await world.state() is State.STARTING


async def test_a_deployment_is_starting_again_when_the_lease_of_its_node_runs_out(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.report(Progress.READY)
        assert await world.state() is State.RUNNING
        world.clock.advance(LEASE_S - 0.1)
        assert await world.state() is State.RUNNING
        world.clock.advance(0.1)
        assert await world.state() is State.STARTING
        world.report(Progress.READY)  # its stream is open, so it is known
        assert await world.state() is State.RUNNING


async def test_a_node_whose_stream_broke_is_there_until_its_lease_runs_out(world):
    await world.started()
    stream, _ = await dial(world)
    world.report(Progress.READY)
    await stream.aclose()
    assert await world.state() is State.RUNNING
    world.report(Progress.READY)
    world.clock.advance(LEASE_S)
    assert await world.state() is State.STARTING
    with pytest.raises(NotFound) as caught:
        world.report(Progress.READY)
    assert caught.value.reason == "NODE_UNKNOWN"


async def test_a_stop_lasts_until_the_nodes_have_dropped_it(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.report(Progress.READY)
        await world.state()
        await world.wishes.stop("default", "iris")
        assert await world.state() is State.STOPPING
        assert await anext(stream) == ()
        world.report(None)
        assert await world.state() is State.STOPPED


async def test_a_deleted_deployment_is_gone_at_once_and_forgotten_when_dropped(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.report(Progress.READY)
        await world.state()
        await world.wishes.delete("default", "iris", force=True)
        await world.reconciler.run_once()
        assert await anext(stream) == ()
        assert len(await rows(world)) == 1
        world.report(None)
        await world.reconciler.run_once()
        assert await rows(world) == []


async def test_what_a_node_says_of_a_deleted_deployment_is_not_taken_for_its_successor(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.report(Progress.READY)
        await world.state()
        await world.wishes.delete("default", "iris", force=True)
        successor = await world.started()
        assert successor.revision.number == 2
        assert await world.state() is State.STARTING
        world.report(Progress.READY, revision=2)
        assert await world.state() is State.RUNNING
        assert len(await rows(world)) == 1


async def test_rows_of_a_deleted_deployment_outlast_a_restart_until_nodes_had_time_to_report(world):
    await world.started()
    await world.wishes.delete("default", "iris", force=True)
    world.restart()
    await world.reconciler.run_once()
    assert len(await rows(world)) == 1
    world.clock.advance(LEASE_S)
    await world.reconciler.run_once()
    assert await rows(world) == []


async def test_running_is_kept_over_a_restart_of_serving_for_one_lease(world):
    await world.started()
    stream, _ = await dial(world)
    world.report(Progress.READY)
    await world.state()
    await stream.aclose()
    world.restart()
    assert await world.state() is State.RUNNING
    with pytest.raises(NotFound):
        world.report(Progress.READY)
    stream, held = await dial(world)
    async with aclosing(stream):
        assert [a.key.deployment for a in held] == ["iris"]
        world.report(Progress.READY)
        assert await world.state() is State.RUNNING
        assert not (await world.wishes.get("default", "iris")).reconciling
    world.restart()
    world.clock.advance(LEASE_S)
    assert await world.state() is State.STARTING


async def test_one_deployment_that_fails_does_not_stop_the_pass(world):
    await world.started("digits")
    await world.started("iris")
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.probe.raises["digits"] = RuntimeError("boom")
        world.nodes.report("n1", [status(Progress.READY, "digits"), status(Progress.READY, "iris")])
        assert await world.state("iris") is State.RUNNING
        assert await world.state("digits") is State.STARTING
        del world.probe.raises["digits"]
        assert await world.state("digits") is State.RUNNING


async def test_an_observation_changes_neither_etag_nor_update_time(world):
    wished = await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.clock.advance(1)
        world.report(Progress.READY)
        assert await world.state() is State.RUNNING
        now = await world.wishes.get("default", "iris")
        assert (now.etag, now.update_time) == (wished.etag, wished.update_time)


async def test_a_wish_that_changed_during_a_pass_is_not_written_over(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        world.report(Progress.READY)

        class StopsMeanwhile(ScriptedProbe):
            async def ask(self, node, key, model_version):
                await world.wishes.stop(key.project, key.deployment)
                return await super().ask(node, key, model_version)

        world.reconciler._probe = StopsMeanwhile()
        await world.reconciler.run_once()
        assert (await world.wishes.get("default", "iris")).observed.state is State.STOPPING


async def test_the_task_acts_on_a_change_and_lives_on_after_a_pass_that_failed(world, caplog):
    async with world.reconciler.running():
        world.store.error = Unavailable("the database does not answer")
        world.nodes._changes.notify("work")
        await until(lambda: "can't be looked after" in caplog.text)
        world.store.error = None
        await world.started()
        stream, _ = await dial(world)
        async with aclosing(stream), asyncio.timeout(5), aclosing(world.wishes.watch("default", "iris")) as forms:
            world.report(Progress.READY)
            async for form in forms:
                if form.observed.state is State.RUNNING:
                    break


async def test_a_second_stream_of_a_node_ends_the_first(world):
    first, _ = await dial(world)
    second, _ = await dial(world)
    async with aclosing(second):
        with pytest.raises(Aborted, match="NODE_ID"):
            await anext(first)


async def test_a_node_that_never_reports_is_not_there(world):
    await world.started()
    stream, _ = await dial(world)
    async with aclosing(stream):
        assert await world.state() is State.STARTING
        assert "no inference node" in (await world.wishes.get("default", "iris")).observed.reason


async def test_streams_end_when_the_service_stops(world):
    await world.started()
    stream, _ = await dial(world)
    forms = world.wishes.watch("default", "iris")
    await anext(forms)
    world.changes.close()
    for each in (stream, forms, world.wishes.watch("default", "iris")):
        with pytest.raises(Unavailable):
            await exhaust(each)


async def exhaust(stream):
    async for _ in stream:
        pass


async def rows(world):
    async with world.store.read() as uow:
        return list(await uow.deployments.all())


async def until(condition, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # a log line is no event
            await asyncio.sleep(0.005)
