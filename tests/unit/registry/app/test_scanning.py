"""What is made of the files of a version before it is finalised, and what finalising makes of that."""

import asyncio
import itertools
import pickle
from datetime import UTC, datetime

import pytest
from obstore.store import MemoryStore

from servery.errors import Aborted, DataLoss
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.scanning import Scanning
from servery_registry.app.versions import VersionUseCases
from servery_registry.domain.file import File
from servery_registry.domain.scan import MAX_FINDINGS, MAX_TEXT, CodeReport, Finding, Scan, Verdict, scan_of
from servery_registry.domain.version import State, Version
from tests.contracts.registry_material import PROJECT, WHO, file_of, new_model, new_version, pieces_of
from tests.fakes.code_scanner import FakeCodeScanner
from tests.fakes.registry_work import FakeStore

NOW = datetime(2030, 1, 2, tzinfo=UTC)
PICKLE = pickle.dumps({"a": 1})


class World:
    """The use cases over fakes, and a way to put content beneath them."""

    def __init__(self) -> None:
        work, ids = FakeStore().begin_work, map(str, itertools.count(1))
        self.blobs = StoredBlobs(MemoryStore())
        self.scanner = FakeCodeScanner()
        self.scanning = Scanning(self.blobs, self.scanner, lambda: NOW)
        self.models = ModelUseCases(work, lambda: NOW, ids.__next__)
        self.versions = VersionUseCases(work, self.scanning, lambda: NOW, ids.__next__)
        self.files = FileUseCases(work, self.blobs, lambda: NOW, ids.__next__)

    async def put(self, path: str, content: bytes) -> File:
        begun = await self.files.begin(PROJECT, "iris", 1, file_of(content, path))
        if begun.committed:
            return begun.file
        await self.files.write(begun.upload_id, pieces_of(content))
        return await self.files.commit(begun.upload_id)

    async def scan(self, contents: dict[str, bytes]) -> Scan:
        return await self.scanning.scan([await self.put(path, content) for path, content in contents.items()])


@pytest.fixture
async def world() -> World:
    world = World()
    await world.models.create(new_model(), creator=WHO)
    await world.versions.create(new_version(), creator=WHO)
    return world


def verdicts(scan: Scan) -> dict[str, Verdict]:
    return {finding.path: finding.verdict for finding in scan.findings}


async def test_files_that_are_what_they_say_are_clean_and_only_code_is_scanned(world):
    contents = {"a.txt": b"text", "b.json": b"{}", "c.pkl": PICKLE, "d": b"", "e.onnx": b"\0\1"}
    scan = await world.scan(contents)
    assert scan == Scan(verdict=Verdict.CLEAN, scanner="fake 1.0", findings=(), scan_time=NOW)
    assert world.scanner.seen == {"c.pkl": PICKLE}


async def test_without_code_no_scanner_is_started(world):
    await world.scan({"a.txt": b"text"})
    assert world.scanner.sessions == 0


async def test_a_pickle_by_the_name_of_data_is_a_mismatch_that_says_what_it_is(world):
    scan = await world.scan({"m/model.onnx": PICKLE, "model.pkl": PICKLE})
    assert scan.verdict is Verdict.MISMATCH
    text = "the content is pickle, which is not what a name that ends with .onnx promises"
    finding = Finding(path="m/model.onnx", format="pickle", verdict=Verdict.MISMATCH, text=text)
    assert scan.findings == (finding,)


async def test_what_the_scanner_finds_out_about_the_format_counts(world):
    content = b"V" + b"a" * 2**20 + b"\n."
    world.scanner.max_bytes = 2**21
    world.scanner.reports["words.txt"] = CodeReport(format="pickle", verdict=Verdict.CLEAN, text="")
    assert verdicts(await world.scan({"words.txt": content})) == {"words.txt": Verdict.MISMATCH}


async def test_findings_are_ordered_by_their_badness_and_a_bad_file_may_have_two(world):
    for path, verdict in (("s.pkl", Verdict.SUSPICIOUS), ("d.pkl", Verdict.DANGEROUS), ("d.onnx", Verdict.DANGEROUS)):
        world.scanner.reports[path] = CodeReport(format="pickle", verdict=verdict, text="x" * 5000)
    scan = await world.scan(dict.fromkeys(("s.pkl", "d.pkl", "d.onnx"), PICKLE))
    found = [(each.path, each.verdict) for each in scan.findings]
    assert found == [
        ("d.onnx", Verdict.MISMATCH),
        ("d.onnx", Verdict.DANGEROUS),
        ("d.pkl", Verdict.DANGEROUS),
        ("s.pkl", Verdict.SUSPICIOUS),
    ]
    assert max(len(each.text) for each in scan.findings) == MAX_TEXT


async def test_a_file_past_the_limit_is_not_scanned_and_says_so(world):
    large = pickle.dumps(b"x" * 2000)
    scan = await world.scan({"a.pkl": large, "b.pkl": PICKLE, "c.onnx": large})
    assert verdicts(scan)["a.pkl"] is Verdict.UNSPECIFIED
    assert scan.verdict is Verdict.MISMATCH  # the first bytes are enough to see that
    assert f"{len(large)} bytes are more than the limit of 1000" in scan.findings[-1].text
    assert world.scanner.seen == {"b.pkl": PICKLE}


def test_a_scan_tells_the_worst_of_many_findings():
    many = [Finding(path=f"{n:03}", format="x", verdict=Verdict.UNSPECIFIED, text="") for n in range(300)]
    worst = Finding(path="z", format="x", verdict=Verdict.SUSPICIOUS, text="")
    scan = scan_of([*many, worst], "s", NOW)
    assert len(scan.findings) == MAX_FINDINGS
    assert (scan.verdict, scan.findings[0]) == (Verdict.SUSPICIOUS, worst)


async def test_content_that_can_not_be_read_is_not_finalised(world):
    await world.put("a.pkl", PICKLE)
    await world.blobs._store.delete_async("sha256/" + "/".join(_key(PICKLE)))
    with pytest.raises(DataLoss):
        await world.versions.finalize(PROJECT, "iris", 1)
    assert (await world.versions.get(PROJECT, "iris", 1, show_pending=True)).state is State.PENDING


async def test_of_two_finalises_at_once_one_is_stored(world):
    await world.put("a.pkl", PICKLE)
    first, second = await asyncio.gather(*(world.versions.finalize(PROJECT, "iris", 1) for _ in range(2)))
    assert first == second
    assert world.scanner.sessions <= 2


async def test_files_that_come_in_during_the_scan_are_scanned_too(world):
    await world.put("a.pkl", PICKLE)
    scan, seen = world.scanning.scan, []

    async def slow(files):
        seen.append([file.path for file in files])
        found = await scan(files)
        if len(seen) == 1:
            await world.put("b.onnx", PICKLE)
        return found

    world.scanning.scan = slow
    version: Version = await world.versions.finalize(PROJECT, "iris", 1)
    assert seen == [["a.pkl"], ["a.pkl", "b.onnx"]]
    assert version.state is State.QUARANTINED


async def test_files_that_come_in_all_the_time_abort_it(world):
    await world.put("a.txt", b"text")
    scan, count = world.scanning.scan, itertools.count()

    async def slow(files):
        await world.put(f"{next(count)}.txt", b"text")
        return await scan(files)

    world.scanning.scan = slow
    with pytest.raises(Aborted) as caught:
        await world.versions.finalize(PROJECT, "iris", 1)
    assert caught.value.reason == "FILES_CHANGED"


def _key(content: bytes) -> tuple[str, str, str]:
    sha256 = file_of(content).sha256
    return sha256[:2], sha256[2:4], sha256
