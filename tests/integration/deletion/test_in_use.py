"""Deletion, from the use to the bytes: a real registry and a real serving service, on one machine's disk."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

import servery.serving.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import FailedPrecondition, NotFound
from servery_kit.channel import open_channel
from servery_kit.config import load
from servery_registry.config import Config as RegistryConfig
from servery_registry.main import serving as registry_serving
from servery_serving.config import Config as ServingConfig
from servery_serving.main import serving
from tests.contracts.registry_material import PROJECT, ready_version
from tests.contracts.remote_registry import RemoteRegistry, remote_registry
from tests.eventually import eventually
from tests.ports import free_ports


@dataclass
class Machine:
    """Two services; the registry can be stopped and started again at its address."""

    home: Path
    address: str
    deployments: pb.DeploymentServiceStub

    def registry(self):
        return registry_serving(load(RegistryConfig, SERVERY_HOME=self.home, bind=self.address, SERVERY_DRAIN_S=1.0))

    def client(self):
        return remote_registry(self.address)

    def blobs(self) -> dict[str, int]:
        """What lies in the blob folder: name and size of each file."""
        return {path.name: path.stat().st_size for path in (self.home / "blobs").rglob("*") if path.is_file()}


@pytest.fixture
async def machine(tmp_path):
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    config = load(
        ServingConfig, SERVERY_HOME=tmp_path, bind="127.0.0.1:0", registry_address=address, report_interval_s=0.05
    )
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(config))
        channel = await stack.enter_async_context(open_channel(server.address))
        yield Machine(tmp_path, address, pb.DeploymentServiceStub(channel))


async def deploy(machine: Machine) -> None:
    await machine.deployments.CreateDeployment(pb.CreateDeploymentRequest(model="iris"))
    await machine.deployments.StartDeployment(pb.StartDeploymentRequest(name="iris"))


async def undeploy(machine: Machine) -> None:
    await machine.deployments.DeleteDeployment(pb.DeleteDeploymentRequest(name="iris", force=True))


async def deleted(registry: RemoteRegistry) -> bool:
    try:
        await registry.versions.delete(PROJECT, "iris", 1)
    except FailedPrecondition:
        return False
    return True


async def test_a_version_in_use_is_kept_and_its_bytes_are_freed_when_it_is_not(machine):
    async with machine.registry(), machine.client() as registry:
        ready = await ready_version(registry, {"model.joblib": b"x" * 100_000, "more/a.txt": b"y" * 50_000})
        await deploy(machine)
        with pytest.raises(FailedPrecondition, match="deployment default/iris revision 1") as caught:
            await registry.versions.delete(PROJECT, "iris", 1)
        assert caught.value.metadata == {"user_count": "1", "user_1": "deployment default/iris revision 1"}
        assert await registry.versions.get(PROJECT, "iris", 1) == ready
        await undeploy(machine)
        await eventually(lambda: deleted(registry), bool)
        assert sum(machine.blobs().values()) == 150_000
        would = await registry.storage.collect(dry_run=True, grace=timedelta())
        assert (would.count, would.size_bytes) == (2, 150_000)
        assert sum(machine.blobs().values()) == 150_000
        assert await registry.storage.collect(grace=timedelta()) == would
        assert machine.blobs() == {}


async def test_a_deployment_is_deleted_while_the_registry_is_down_and_unpinned_when_it_is_back(machine):
    async with machine.registry(), machine.client() as registry:
        await ready_version(registry, {"model.joblib": b"x"})
        await deploy(machine)
    await undeploy(machine)
    with pytest.raises(grpc.RpcError) as gone:
        await machine.deployments.GetDeployment(pb.GetDeploymentRequest(name="iris"))
    assert isinstance(from_rpc(gone.value), NotFound)
    async with machine.registry(), machine.client() as registry:
        await eventually(lambda: deleted(registry), bool)


async def test_a_version_that_is_not_there_is_not_deployed(machine):
    async with machine.registry(), machine.client() as registry:
        await ready_version(registry, {"model.joblib": b"x"})
        await registry.versions.delete(PROJECT, "iris", 1)
        for number in (0, 1):
            with pytest.raises(grpc.RpcError) as caught:
                await machine.deployments.CreateDeployment(
                    pb.CreateDeploymentRequest(model="iris", model_version=number)
                )
            assert isinstance(from_rpc(caught.value), NotFound)
