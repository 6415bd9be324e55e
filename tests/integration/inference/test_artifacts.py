import asyncio
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.errors import DataLoss, FailedPrecondition, NotFound, ResourceExhausted, Unavailable
from servery_inference.adapters.artifacts import RegistryArtifacts, safe_path
from servery_inference.adapters.assignments import assignment_from_proto
from tests.integration.inference.world import until

CONTENT = bytes(range(256)) * 20


@pytest.fixture
async def fetch(world, tmp_path):
    """The artifacts under test, on a cache of the test's own."""
    async with grpc.aio.insecure_channel(world.registry_address) as channel:
        yield RegistryArtifacts(channel, tmp_path / "cache", sleep=lambda seconds: asyncio.sleep(0)).fetch


def put(world, files: dict[str, bytes]):
    return assignment_from_proto(world.version("m", "ONNX", files))


def left_over(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache" / "versions").iterdir())


async def test_a_version_is_fetched_whole_and_once(world, fetch, tmp_path):
    wanted = put(world, {"a.onnx": CONTENT, "deep/er/b.bin": b"", "c": b"c", "d e+f=g@h.x": b"d"})
    folders = await asyncio.gather(fetch(wanted), fetch(wanted))
    assert folders[0] == folders[1]
    found = {str(path.relative_to(folders[0])): path.read_bytes() for path in folders[0].rglob("*") if path.is_file()}
    assert found == world.files.versions["default", "m", 1]
    assert len(world.files.offsets) == 4
    await world.stop_registry()
    assert await fetch(wanted) == folders[0]
    assert left_over(tmp_path) == [wanted.version_id]


async def test_a_download_that_breaks_is_taken_up_where_it_was(world, fetch):
    wanted = put(world, {"a": CONTENT})
    world.files.break_at = 3000
    folder = await fetch(wanted)
    assert (folder / "a").read_bytes() == CONTENT
    assert world.files.offsets == [0, 3000]


async def test_bytes_that_are_not_those_promised_leave_nothing(world, fetch, tmp_path):
    wanted = put(world, {"a": CONTENT, "b": b"b"})
    world.files.digests["b"] = "0" * 64
    with pytest.raises(DataLoss, match="b: the registry sent 1 bytes that do not have the promised SHA-256"):
        await fetch(wanted)
    assert left_over(tmp_path) == []
    world.files.digests.clear()
    assert (await fetch(wanted)).is_dir()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a//x", "a\\x", " x", "x ", ".", "a/./x", "é"])
async def test_a_path_that_leads_out_of_the_version_writes_nothing(world, fetch, tmp_path, path):
    with pytest.raises(DataLoss, match="no path inside a version"):
        await fetch(put(world, {"a": b"a", path: b"x"}))
    assert left_over(tmp_path) == []
    assert not list(tmp_path.rglob("x"))


@given(st.text(max_size=30))
def test_a_safe_path_stays_inside(path):
    try:
        segments = safe_path(path)
    except DataLoss:
        return
    assert Path("/v").joinpath(*segments).resolve().is_relative_to("/v")
    assert "/".join(segments) == path
    assert ".." not in segments


async def test_what_is_not_there_is_said_so(world, fetch, tmp_path):
    wanted = put(world, {})
    with pytest.raises(FailedPrecondition, match="version 1 of model 'm' has no files"):
        await fetch(wanted)
    with pytest.raises(NotFound, match="model 'm' has no version 2"):
        await fetch(replace(wanted, model_version=2, version_id="v2"))
    with pytest.raises(FailedPrecondition, match="is not one that a registry gives"):
        await fetch(replace(wanted, version_id="../x"))
    await world.stop_registry()
    with pytest.raises(Unavailable, match="the registry does not answer"):
        await fetch(wanted)
    assert left_over(tmp_path) == []


async def test_a_fetch_that_is_cancelled_leaves_nothing(world, fetch, tmp_path):
    world.files.chunk = 1
    task = asyncio.create_task(fetch(put(world, {"a": CONTENT * 100})))
    await until(lambda: world.files.offsets)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_over(tmp_path) == []


async def test_what_a_killed_process_left_is_removed(world, tmp_path):
    half = tmp_path / "cache" / "versions" / ".unfinished-v-x"
    half.mkdir(parents=True)
    (half / "a").write_bytes(b"half")
    async with grpc.aio.insecure_channel(world.registry_address) as channel:
        RegistryArtifacts(channel, tmp_path / "cache")
    assert left_over(tmp_path) == []


async def test_a_cache_that_is_no_folder_says_what_to_do(world, fetch, tmp_path):
    (tmp_path / "cache" / "versions").rmdir()
    (tmp_path / "cache" / "versions").write_bytes(b"")
    with pytest.raises(ResourceExhausted, match="can't be written to the cache"):
        await fetch(put(world, {"a": b"a"}))
