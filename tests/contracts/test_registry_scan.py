"""What finalising a version finds in its files, and what becomes of one in quarantine, whichever way it is run."""

import asyncio
import pickle

import pytest

from servery.errors import FailedPrecondition, NotFound
from servery_registry.domain.listing import Window
from servery_registry.domain.manifest import manifest_sha256
from servery_registry.domain.scan import Verdict
from servery_registry.domain.version import State
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import (
    PROJECT,
    WHO,
    content_of,
    file_of,
    new_version,
    pending_version,
    ready_version,
    upload,
)


class Harmful:
    def __reduce__(self):
        import os

        return (os.system, ("true",))


HARMLESS = pickle.dumps({"a": [1, 2]})
HARMFUL = pickle.dumps(Harmful())


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


async def test_a_version_has_the_digest_of_its_manifest_once_it_is_finalised(registry: Registry):
    contents = {"b/c": b"1", "a.txt": b"", "B": b"22"}
    pending = await pending_version(registry)
    assert (pending.manifest_sha256, pending.scan) == ("", None)
    for path, content in contents.items():
        await upload(registry, pending, content, path)
    ready = await registry.versions.finalize(PROJECT, "iris", 1)
    assert ready.manifest_sha256 == manifest_sha256(file_of(content, path) for path, content in contents.items())
    assert await registry.versions.get(PROJECT, "iris", 1) == ready
    assert ready.scan is not None
    assert (ready.scan.verdict, ready.scan.findings) == (Verdict.CLEAN, ())
    assert ready.scan.scanner.startswith("picklescan 1.")
    assert abs((ready.scan.scan_time - ready.update_time).total_seconds()) < 10


async def test_the_verdict_on_a_pickle_is_advice(registry: Registry):
    ready = await ready_version(registry, {"a.joblib": HARMLESS, "b.pkl": HARMFUL})
    assert ready.state is State.READY
    assert ready.scan is not None
    assert ready.scan.verdict is Verdict.DANGEROUS
    (finding,) = ready.scan.findings
    assert (finding.path, finding.format, finding.verdict) == ("b.pkl", "pickle", Verdict.DANGEROUS)
    assert "posix.system" in finding.text


async def test_a_pickle_named_onnx_is_quarantined(registry: Registry):
    made = await ready_version(registry, {"deep/model.onnx": HARMLESS, "b.pkl": HARMFUL})
    assert made.state is State.QUARANTINED
    assert made.scan is not None
    assert made.scan.verdict is Verdict.MISMATCH
    assert [(each.path, each.format) for each in made.scan.findings] == [
        ("deep/model.onnx", "pickle"),
        ("b.pkl", "pickle"),
    ]
    assert await registry.versions.finalize(PROJECT, "iris", 1) == made  # as often as one likes


async def test_a_version_in_quarantine_is_seen_and_never_the_latest(registry: Registry):
    ready = await ready_version(registry, {"model.onnx": b"\0data"})
    second = await registry.versions.create(new_version(), creator=WHO)
    await upload(registry, second, HARMLESS, "model.onnx")
    before = await registry.models.get(PROJECT, "iris")
    second = await registry.versions.finalize(PROJECT, "iris", 2)
    assert second.state is State.QUARANTINED
    assert await registry.models.get(PROJECT, "iris") == before
    assert await registry.versions.get(PROJECT, "iris", 0) == ready
    assert await registry.versions.get(PROJECT, "iris", 2) == second
    assert list((await registry.versions.list(PROJECT, "iris", Window())).items) == [second, ready]
    _, page = await registry.files.list(PROJECT, "iris", 2, Window())
    assert list(page.items) == [file_of(HARMLESS, "model.onnx")]
    assert await content_of(registry, second, "model.onnx") == HARMLESS
    with pytest.raises(FailedPrecondition) as caught:
        await registry.files.begin(PROJECT, "iris", 2, file_of(b"more", "more"))
    assert caught.value.reason == "VERSION_NOT_PENDING"
    assert "QUARANTINED" in str(caught.value)


async def test_a_model_that_has_only_versions_in_quarantine_has_no_latest(registry: Registry):
    await ready_version(registry, {"model.onnx": HARMLESS})
    for call in (
        registry.versions.get(PROJECT, "iris", 0),
        registry.files.list(PROJECT, "iris", 0, Window()),
        registry.files.download(PROJECT, "iris", 0, "model.onnx"),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.reason == "VERSION_NOT_FOUND"


async def test_many_finalises_at_once_give_one_answer(registry: Registry):
    version = await pending_version(registry)
    await upload(registry, version, HARMFUL, "model.pkl")
    made = await asyncio.gather(*(registry.versions.finalize(PROJECT, "iris", 1) for _ in range(5)))
    assert all(each == made[0] for each in made)
    assert await registry.versions.get(PROJECT, "iris", 1) == made[0]


async def test_a_restart_keeps_what_was_found(runner: Runner):
    async with runner.open() as registry:
        made = await ready_version(registry, {"model.json": HARMFUL, "empty": b""})
    async with runner.open() as registry:
        assert await registry.versions.get(PROJECT, "iris", 1) == made
