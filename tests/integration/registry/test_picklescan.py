"""The scanner in its own process: what it finds, and what it survives."""

import asyncio
import gzip
import io
import os
import pickle
import time
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest

from servery.errors import DataLoss
from servery_registry.adapters.scan.picklescan import Picklescan
from servery_registry.domain.scan import CodeReport, Verdict
from servery_registry.domain.sniffing import HEAD_BYTES, sniff
from tests.eventually import eventually

MIB = 1024 * 1024


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return (os.mknod, (self.path,))


class Unusual:
    def __reduce__(self):
        return (zipfile.is_zipfile, ("/",))


@pytest.fixture
def scanner() -> Picklescan:
    return Picklescan(max_bytes=64 * MIB, seconds=30.0)


async def pieces(content: bytes):
    for begin in range(0, len(content), MIB):
        yield content[begin : begin + MIB]


async def looks(scanner: Picklescan, contents: dict[str, bytes]) -> dict[str, CodeReport]:
    async with scanner.session() as session:
        return {
            path: await session.look(path, sniff(content[:HEAD_BYTES], len(content)).format, pieces(content))
            for path, content in contents.items()
        }


def saved(save, *given, **more) -> bytes:
    file = io.BytesIO()
    save(file, *given, **more)
    return file.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def forms(value) -> dict[str, bytes]:
    """Each way a value can be pickled into a file."""
    joblibs = {
        f"{how}.joblib": saved(lambda file, how=how: joblib.dump(value, file, compress=(how, 3)))
        for how in ("zlib", "gzip", "bz2", "xz", "lzma")
    }
    return joblibs | {
        **{f"{n}.pkl": pickle.dumps(value, n) for n in range(6)},
        "plain.joblib": saved(lambda file: joblib.dump(value, file)),
        "torch.pt": zipped("archive/data.pkl", pickle.dumps(value)),
        "objects.npy": saved(np.save, np.array([value], dtype=object)),
        "objects.npz": saved(lambda file: np.savez(file, a=np.array([value], dtype=object))),
        "zip in gzip.pkl": gzip.compress(zipped("archive/data.pkl", pickle.dumps(value))),
        "no suffix": pickle.dumps(value),
    }


async def test_harm_is_found_in_every_form_and_not_done(scanner, tmp_path):
    mark = tmp_path / "it-was-unpickled"
    reports = await looks(scanner, forms(Touch(mark)))
    assert {path: report.verdict for path, report in reports.items()} == dict.fromkeys(reports, Verdict.DANGEROUS)
    assert all("posix.mknod" in report.text for report in reports.values())
    assert not mark.exists()
    with pytest.raises(AttributeError):  # what the test says it found would have happened
        pickle.loads(pickle.dumps(Touch(mark))).nothing()
    assert mark.exists()


async def test_what_the_scanner_does_not_know_is_suspicious_and_named(scanner):
    reports = await looks(scanner, forms(Unusual()))
    assert {path: report.verdict for path, report in reports.items()} == dict.fromkeys(reports, Verdict.SUSPICIOUS)
    assert all("zipfile.is_zipfile" in report.text for report in reports.values())


async def test_values_without_code_are_clean(scanner):
    contents = {path: content for path, content in forms({"a": [1, 2.0, "x"]}).items() if "objects" not in path}
    reports = await looks(scanner, contents)
    assert {path: report.verdict for path, report in reports.items()} == dict.fromkeys(reports, Verdict.CLEAN)


async def test_harm_before_the_damage_is_found(scanner, tmp_path):
    whole = pickle.dumps([Touch(tmp_path / "x"), "y" * 1000])
    contents = {
        "cut.pkl": whole[:-500],
        "spoiled.pkl": whole[:-500] + b"\xff" * 500,
        "gz.pkl": gzip.compress(whole)[:-9],
    }
    reports = await looks(scanner, contents)
    assert {path: report.verdict for path, report in reports.items()} == dict.fromkeys(reports, Verdict.DANGEROUS)


async def test_a_scanner_that_can_not_read_a_form_says_so(scanner):
    reports = await looks(scanner, {"a.7z": b"7z\xbc\xaf\x27\x1c\0\4", "a.lz4": b"\x04\x22\x4d\x18\x64\x40\xa7"})
    assert [report.verdict for report in reports.values()] == [Verdict.UNSPECIFIED] * 2
    assert "no reader for 7z" in reports["a.7z"].text


def bombs() -> dict[str, bytes]:
    empty_lists = b"\x80\x04(" + b"]" * (20 * MIB) + b"l."
    return {
        "opcodes.pkl": empty_lists,
        "gzip.pkl": gzip.compress(b"\x80\x04" + b"]" * (80 * MIB) + b".", 1),
        "zip.pt": zipped("archive/data.pkl", bytes(300 * MIB)),
        "long.pkl": b"\x80\x04\x8e" + (2**62).to_bytes(8, "little") + b"x" * 100,
        "end.zip": b"PK\x05\x06" + b"\xff" * 18,
    }


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


async def test_bombs_end_the_scan_of_that_file_alone(tmp_path):
    scanner = Picklescan(max_bytes=64 * MIB, seconds=30.0, memory_bytes=1024 * MIB)
    before = open_files()
    reports = await looks(scanner, bombs() | {"good.pkl": pickle.dumps(Touch(tmp_path / "x"))})
    assert reports.pop("good.pkl").verdict is Verdict.DANGEROUS
    assert {path: report.verdict for path, report in reports.items()} == dict.fromkeys(reports, Verdict.UNSPECIFIED)
    assert "more than 2000000 opcodes" in reports["opcodes.pkl"].text
    assert "too much memory" in reports["long.pkl"].text
    assert open_files() == before


async def test_time_is_bounded_and_what_is_left_over_is_unscanned():
    scanner = Picklescan(max_bytes=64 * MIB, seconds=0.5)
    began = time.monotonic()
    endless = b"\x80\x04(" + b"]0" * (8 * MIB) + b"l."
    reports = await looks(scanner, {"slow.pkl": endless, "late.pkl": pickle.dumps(Unusual())})
    assert time.monotonic() - began < 10
    assert [report.verdict for report in reports.values()] == [Verdict.UNSPECIFIED] * 2
    assert "time" in reports["slow.pkl"].text


async def test_a_child_that_dies_or_babbles_is_a_finding(tmp_path, monkeypatch):
    (tmp_path / "dying_child.py").write_text("import sys; sys.stdin.readline(); sys.exit(3)")
    (tmp_path / "babbling_child.py").write_text("print('hello', flush=True); import sys; sys.stdin.read()")
    (tmp_path / "boundless_child.py").write_text("while True: print('x' * 100000, end='', flush=True)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for child in ("dying_child", "babbling_child", "boundless_child", "no_such_child"):
        scanner = Picklescan(max_bytes=64 * MIB, seconds=20.0, child=child)
        reports = await looks(scanner, {"a.pkl": b"N.", "b.pkl": b"N."})
        assert [report.verdict for report in reports.values()] == [Verdict.UNSPECIFIED] * 2
        assert all("the scanner ended" in report.text for report in reports.values()), reports


async def test_the_child_gets_no_secret(monkeypatch, tmp_path):
    (tmp_path / "telling_child.py").write_text(
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    told = {'format': ' '.join(sorted(os.environ)), 'dangerous': [], 'suspicious': []}\n"
        "    print(json.dumps(told | {'partly': False, 'error': ''}), flush=True)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    scanner = Picklescan(max_bytes=MIB, seconds=20.0, child="telling_child")
    report = (await looks(scanner, {"a.pkl": b"N."}))["a.pkl"]
    assert "PYTHONPATH" in report.format
    assert "SECRET" not in report.format


async def test_content_that_can_not_be_read_is_not_the_scanners_finding(scanner):
    async def damaged():
        yield b"N"
        raise DataLoss("it is gone")

    async with scanner.session() as session:
        with pytest.raises(DataLoss):
            await session.look("a.pkl", "pickle", damaged())


async def test_a_scan_that_is_cancelled_leaves_no_child(tmp_path, monkeypatch):
    (tmp_path / "idle_child.py").write_text(
        f"import os, sys\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nsys.stdin.read()"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    scanner = Picklescan(max_bytes=MIB, seconds=60.0, child="idle_child")
    scanning = asyncio.create_task(looks(scanner, {"a.pkl": b"N."}))

    async def pid() -> str:
        return (tmp_path / "pid").read_text() if (tmp_path / "pid").exists() else ""

    child = int(await eventually(pid, bool))
    scanning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scanning
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
