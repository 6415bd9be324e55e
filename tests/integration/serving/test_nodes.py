"""Nodes dial in over real sockets."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

import servery.serving.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import Aborted, NotFound
from servery.registry.v1 import FRAMEWORK_SKLEARN

State = pb.Deployment.State
Progress = pb.AssignmentStatus.State


def names(response):
    return [each.deployment for each in response.assignments]


async def snapshot(call, wanted):
    """Read snapshots until one is of these deployments."""
    async with asyncio.timeout(10):
        while True:
            response = await call.read()
            assert response is not grpc.aio.EOF, (call.code(), call.details())
            if names(response) == wanted:
                return response


async def error_of(call):
    async with asyncio.timeout(10):
        try:
            while await call.read() is not grpc.aio.EOF:
                pass
        except grpc.RpcError as error:
            return from_rpc(error)
    return None


@asynccontextmanager
async def reporting(client, interval_s=0.1, **report):
    """A node that says the same again and again, as its lease demands."""

    async def run():
        while True:
            await client.report(**report)
            await asyncio.sleep(interval_s)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_node_gets_the_whole_first_and_the_whole_anew_at_each_change(serve):
    async with serve() as client:
        await client.start("a")
        call = client.dial("127.0.0.1:9")
        first = await snapshot(call, ["a"])
        assert first.report_interval.ToMilliseconds() == 200
        (assignment,) = first.assignments
        assert assignment == pb.Assignment(
            project="default",
            deployment="a",
            revision=1,
            model="iris",
            model_version=2,
            version_id="id-2",
            framework=FRAMEWORK_SKLEARN,
            engine=pb.ENGINE_LOCAL,
        )
        await client.start("b")
        await snapshot(call, ["a", "b"])
        await client.deployments.StopDeployment(pb.StopDeploymentRequest(name="a"))
        await snapshot(call, ["b"])
        await client.deployments.DeleteDeployment(pb.DeleteDeploymentRequest(name="b", force=True))
        await snapshot(call, [])
        call.cancel()


async def test_running_means_that_the_front_door_answered(serve, door):
    async with serve() as client:
        await client.start()
        call = client.dial(door.address)
        await snapshot(call, ["iris"])
        async with reporting(client, state=Progress.STATE_READY):
            async with asyncio.timeout(10):
                async for response in client.follow():
                    if "says that it is not ready" in response.deployment.reason:
                        assert response.deployment.state == State.STATE_STARTING
                        break
            door.ready.add(("default", "iris", "2"))
            running = await client.until(State.STATE_RUNNING)
            assert not running.reconciling
            assert [c.status for c in running.conditions] == [pb.Deployment.Condition.STATUS_TRUE] * 4
        call.cancel()


async def test_a_node_that_failed_gives_the_reason_and_recovers(serve, door):
    async with serve(report_interval_s=2.0) as client:
        await client.start()
        call = client.dial(door.address)
        await snapshot(call, ["iris"])
        await client.report(Progress.STATE_FAILED, reason="model.joblib is damaged; push it again")
        failed = await client.until(State.STATE_FAILED)
        assert "model.joblib is damaged" in failed.reason
        door.ready.add(("default", "iris", "2"))
        await client.report(Progress.STATE_READY)
        await client.until(State.STATE_RUNNING)
        call.cancel()


async def test_a_node_that_is_silent_for_a_lease_is_gone_although_its_stream_is_open(serve, door):
    async with serve() as client:
        await client.start()
        door.ready.add(("default", "iris", "2"))
        call = client.dial(door.address)
        await snapshot(call, ["iris"])
        async with reporting(client, state=Progress.STATE_READY):
            await client.until(State.STATE_RUNNING)
        lost = await client.until(State.STATE_STARTING)
        assert "no inference node is connected" in lost.reason
        await client.report(Progress.STATE_READY)
        await client.until(State.STATE_RUNNING)
        call.cancel()


async def test_after_a_restart_of_serving_a_node_dials_again_and_running_was_kept(serve, door):
    door.ready.add(("default", "iris", "2"))
    async with serve(report_interval_s=5.0) as client:
        await client.start()
        call = client.dial(door.address)
        await snapshot(call, ["iris"])
        await client.report(Progress.STATE_READY)
        await client.until(State.STATE_RUNNING)
    async with serve(report_interval_s=5.0) as client:
        assert (await client.get()).state == State.STATE_RUNNING
        with pytest.raises(grpc.RpcError) as caught:
            await client.report(Progress.STATE_READY)
        unknown = from_rpc(caught.value)
        assert isinstance(unknown, NotFound)
        assert unknown.reason == "NODE_UNKNOWN"
        states = []
        forms = client.follow()
        call = client.dial(door.address)
        await snapshot(call, ["iris"])
        await client.report(Progress.STATE_READY)
        async with asyncio.timeout(10):
            async for response in forms:
                states.append(response.deployment.state)
                if not response.deployment.reconciling:
                    break
        assert set(states) == {State.STATE_RUNNING}
        call.cancel()


async def test_a_node_that_opens_a_new_stream_ends_its_old_one(serve):
    async with serve() as client:
        old = client.dial("127.0.0.1:9")
        await snapshot(old, [])
        new = client.dial("127.0.0.1:9")
        await snapshot(new, [])
        assert isinstance(await error_of(old), Aborted)
        await client.start()
        await snapshot(new, ["iris"])
        new.cancel()


async def test_a_deployment_stops_when_the_node_has_dropped_it(serve, door):
    door.ready.add(("default", "iris", "2"))
    async with serve(report_interval_s=2.0) as client:
        await client.start()
        call = client.dial(door.address)
        await snapshot(call, ["iris"])
        await client.report(Progress.STATE_READY)
        await client.until(State.STATE_RUNNING)
        await client.deployments.StopDeployment(pb.StopDeploymentRequest(name="iris"))
        await snapshot(call, [])
        assert (await client.get()).state == State.STATE_STOPPING
        await client.report()
        await client.until(State.STATE_STOPPED)
        call.cancel()
