"""The registry collects its garbage by itself, as it is set to."""

from datetime import timedelta

from servery_kit.config import load
from servery_registry.config import Config
from servery_registry.main import serving
from tests.contracts.registry_material import PROJECT, ready_version
from tests.contracts.remote_registry import remote_registry
from tests.eventually import eventually


async def test_garbage_goes_by_itself_when_its_grace_is_over(tmp_path):
    given = {"SERVERY_HOME": tmp_path, "bind": "127.0.0.1:0", "gc_grace_s": 0.0}
    async with (
        serving(load(Config, **given, gc_interval_s=0)) as server,
        remote_registry(server.address) as registry,
    ):
        await ready_version(registry, {"model.joblib": b"content"})
        await registry.versions.delete(PROJECT, "iris", 1)

    async def blobs():
        return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]

    assert len(await blobs()) == 1
    async with serving(load(Config, **given, gc_interval_s=0.02)):
        await eventually(blobs, lambda found: not found)


async def test_the_grace_of_the_settings_is_that_of_a_request_without_one(tmp_path):
    config = load(Config, SERVERY_HOME=tmp_path, bind="127.0.0.1:0", gc_interval_s=0, gc_grace_s=0.0)
    async with serving(config) as server, remote_registry(server.address) as registry:
        await ready_version(registry, {"model.joblib": b"content"})
        await registry.versions.delete(PROJECT, "iris", 1)
        assert (await registry.storage.collect(grace=timedelta(days=1))).count == 0
        assert (await registry.storage.collect()).size_bytes == 7
