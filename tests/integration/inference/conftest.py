import contextlib
import io
import socket

import grpc
import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from servery import inference
from servery_inference.main import node
from tests.integration.inference.world import NodeProcess, World


@pytest.fixture(scope="session")
def iris():
    """A classifier and its file."""
    features, labels = load_iris(return_X_y=True)
    classifier = LogisticRegression(max_iter=500).fit(features, labels)
    content = io.BytesIO()
    joblib.dump(classifier, content)
    return classifier, content.getvalue()


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path / "home")
    await world.start_registry()
    await world.start_serving()
    yield world
    await world.stop_serving()
    await world.stop_registry()


@pytest.fixture
async def in_process(world):
    """A node in the test's own process; the address it answers at."""
    async with node(world.config()) as running:
        yield running.address


@pytest.fixture
async def process(world):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    started = NodeProcess(world, port)
    await started.start()
    yield started
    if started.process is not None and started.process.returncode is None:
        started.process.kill()
        await started.process.wait()


@pytest.fixture
async def connect():
    """Opens stubs, and closes their channels after the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_stub(address: str) -> inference.GRPCInferenceServiceStub:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
            return inference.GRPCInferenceServiceStub(channel)

        yield open_stub
