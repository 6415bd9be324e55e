"""A bit that flips in a stored blob is DATA_LOSS to everyone who reads it, and its file is served to nobody."""

import asyncio
import itertools
import random
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

import servery
import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import DataLoss
from servery_inference.adapters.artifacts import RegistryArtifacts
from servery_inference.domain.assignment import Assignment
from servery_registry.domain.version import Version
from tests.contracts.registry_material import MIB, file_of, ready_version
from tests.contracts.remote_registry import remote_registry
from tests.registry_process import running_registry

SIZE = 3 * MIB + 11
CONTENT = random.Random(7).randbytes(SIZE)
PATH = "deep/model.bin"


BITS = [0, MIB - 1, MIB, SIZE - 1]
OFFSETS = [0, 1, MIB, 2 * MIB + 5, SIZE - 1, SIZE]


@dataclass
class Damaged:
    """A registry in whose blob the first bit has flipped."""

    address: str
    version: Version
    blob: Path

    def flip(self, place: int) -> None:
        """Flip a bit at this place, and no other."""
        content = bytearray(CONTENT)
        content[place] ^= 0x10
        self.blob.write_bytes(content)


@pytest.fixture
async def damaged(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    async with running_registry(home, cwd=tmp_path, log=tmp_path / "log") as address:
        async with remote_registry(address) as registry:
            version = await ready_version(registry, {PATH: CONTENT, "a.txt": b"whole"})
        sha256 = file_of(CONTENT).sha256
        found = Damaged(address, version, home / "blobs" / "sha256" / sha256[:2] / sha256[2:4] / sha256)
        found.flip(0)
        yield found


async def test_no_download_gets_to_the_end_wherever_it_begins(damaged):
    async with grpc.aio.insecure_channel(damaged.address) as channel:
        for place, offset in itertools.product(BITS, OFFSETS):
            damaged.flip(place)
            received = bytearray()
            request = pb.DownloadFileRequest(model="iris", path=PATH, offset=offset)
            call = pb.FileServiceStub(channel).DownloadFile(request)
            try:
                async for piece in call:
                    received += piece.data
            except grpc.aio.AioRpcError as raised:
                error = from_rpc(raised)
            else:
                pytest.fail(f"all of it was served from {offset} on")
            assert isinstance(error, DataLoss)
            assert error.reason == "CONTENT_DAMAGED"
            assert len(received) < max(1, SIZE - offset)


async def test_a_pull_leaves_no_file_of_it(damaged, tmp_path):
    def pull() -> None:
        with servery.connect(registry=damaged.address) as client:
            client.pull("iris", 1, tmp_path / "pulled")

    with pytest.raises(DataLoss):
        await asyncio.to_thread(pull)
    left = [path.name for path in (tmp_path / "pulled").rglob("*") if path.is_file()]
    assert set(left) <= {"a.txt"}


async def test_a_node_does_not_load_it(damaged, tmp_path):
    wanted = Assignment(
        project="default",
        deployment="iris",
        revision=1,
        model="iris",
        model_version=1,
        framework="ONNX",
        version_id=damaged.version.id,
        engine="LOCAL",
    )
    async with grpc.aio.insecure_channel(damaged.address) as channel:
        artifacts = RegistryArtifacts(channel, tmp_path / "cache", sleep=lambda seconds: asyncio.sleep(0))
        with pytest.raises(DataLoss):
            await artifacts.fetch(wanted)
    assert list((tmp_path / "cache" / "versions").iterdir()) == []
