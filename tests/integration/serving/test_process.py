"""`python -m servery_serving` as a process of its own."""

import asyncio
import os
import re
import signal
import sys
import time

import grpc
import pytest

import servery.serving.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import Unavailable


@pytest.fixture
async def process(tmp_path, registry):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "servery_serving",
        stderr=asyncio.subprocess.PIPE,
        env=environment | {
            "SERVERY_HOME": str(tmp_path),
            "SERVERY_SERVING_BIND": "127.0.0.1:0",
            "SERVERY_SERVING_REGISTRY_ADDRESS": registry,
            "SERVERY_DRAIN_S": "30",
        },
    )  # fmt: skip
    yield process
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def address_of(process):
    """Where it listens, once it does."""
    async with asyncio.timeout(30):
        async for line in process.stderr:
            if found := re.search(rb"listening on (\S+)", line):
                return found[1].decode()
    raise AssertionError("it ended before it listened")


async def test_sigterm_ends_it_at_once_although_watches_are_open(process):
    async with grpc.aio.insecure_channel(await address_of(process)) as channel:
        deployments, nodes = pb.DeploymentServiceStub(channel), pb.NodeServiceStub(channel)
        await deployments.CreateDeployment(pb.CreateDeploymentRequest(model="iris"))
        watches = [
            deployments.WatchDeployment(pb.WatchDeploymentRequest(name="iris")),
            nodes.WatchAssignments(pb.WatchAssignmentsRequest(node=pb.Node(id="n1", address="127.0.0.1:9"))),
        ]
        for watch in watches:
            assert await watch.read() is not grpc.aio.EOF
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        for watch in watches:
            with pytest.raises(grpc.RpcError) as caught:
                await watch.read()
            assert isinstance(from_rpc(caught.value), Unavailable)
        _, log = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert time.monotonic() - began < 10  # not the 30 s that running calls would get
    assert b"Traceback" not in log
