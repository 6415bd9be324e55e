"""A node as a process of its own: what is left when it, or a worker of it, is ended."""

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from grpc.aio import AioRpcError

from servery import inference
from tests.integration.inference.world import alive, doubling_model, request, until, workers_of

READY = 3
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]


@pytest.fixture
async def iris_node(world, process, iris):
    """A process that holds `iris` in a worker and `doubling` beside it."""
    await world.nodes.assign(
        world.version("doubling", "ONNX", {"deep/model.onnx": doubling_model()}),
        world.version("iris", "SKLEARN", {"model.joblib": iris[1]}),
    )
    await world.nodes.until(lambda seen: len(seen) == 2 and all(each.state == READY for each in seen.values()))
    return process


async def refusal(stub) -> str:
    """Why `iris` is not answered; empty when it is."""
    try:
        await stub.ModelInfer(request("iris", "input-0", ROWS, "FP64"), timeout=5)
    except AioRpcError as error:
        return f"{error.code().name}: {error.details()}"
    return ""


async def test_a_worker_that_is_killed_under_requests_is_replaced_within_five_seconds(world, iris_node, connect):
    stub = await connect(iris_node.address)
    assert await refusal(stub) == ""
    (worker,) = workers_of(iris_node.process.pid)
    clock = asyncio.get_running_loop().time
    flow = [asyncio.create_task(refusal(stub)) for _ in range(20)]
    os.kill(worker, signal.SIGKILL)
    killed = clock()
    refusals = [why for why in await asyncio.gather(*flow) if why]
    await until(lambda: not alive(worker))
    while why := await refusal(stub):
        refusals.append(why)
        assert clock() - killed < 5
        await asyncio.sleep(0.02)
    assert workers_of(iris_node.process.pid) != [worker]
    assert refusals
    assert set(refusals) == {"UNAVAILABLE: the endpoint of 'iris' does not answer just now; try again"}
    await stub.ModelInfer(request("doubling", "x", [[1, 2]]))
    await world.nodes.until(lambda seen: seen["iris"].state == READY and not seen["iris"].reason)


async def test_a_node_that_is_killed_leaves_no_worker_and_starts_from_its_cache(world, iris_node, connect, iris):
    workers = workers_of(iris_node.process.pid)
    assert workers
    await iris_node.signal(signal.SIGKILL)
    await until(lambda: not any(alive(pid) for pid in workers))
    await world.stop_registry()
    downloads = len(world.files.offsets)
    world.nodes.statuses = []
    await iris_node.start()
    await world.nodes.until(lambda seen: len(seen) == 2 and all(each.state == READY for each in seen.values()))
    stub = await connect(iris_node.address)
    answer = await stub.ModelInfer(request("iris", "input-0", ROWS, "FP64"))
    assert np.frombuffer(answer.raw_output_contents[0], np.int64).tolist() == iris[0].predict(np.array(ROWS)).tolist()
    assert len(world.files.offsets) == downloads
    assert len(list((world.home / "run").iterdir())) == 1  # the socket of the node before is gone


async def test_sigterm_ends_node_and_workers_and_leaves_no_socket(world, iris_node):
    workers = workers_of(iris_node.process.pid)
    assert await iris_node.signal(signal.SIGTERM) == 0
    assert not any(alive(pid) for pid in workers)
    assert list((world.home / "run").iterdir()) == []


async def test_a_worker_knows_none_of_the_nodes_environment(iris_node):
    (worker,) = workers_of(iris_node.process.pid)
    variables = await asyncio.to_thread(Path(f"/proc/{worker}/environ").read_text)
    assert "SERVERY" not in variables
    assert "canary" not in variables
    names = {each.partition("=")[0] for each in variables.split("\0") if each}
    assert names <= {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH"} | {n for n in names if "THREADS" in n}


async def test_a_request_that_is_too_large_is_refused_and_the_node_lives(world, iris_node, connect):
    stub = await connect(iris_node.address)
    with pytest.raises(AioRpcError) as raised:
        await stub.ModelInfer(request("doubling", "x", np.zeros((8_500_000, 2), np.float32)))
    assert raised.value.code().name == "RESOURCE_EXHAUSTED"
    assert (await stub.ServerLive(inference.ServerLiveRequest())).live
