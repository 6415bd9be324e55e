"""Stores that go away under traffic: a clear status in time, reads that go on, and recovery without a restart."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from servery.errors import ServeryError, Unavailable
from servery_registry.domain.listing import Window
from tests.contracts.deployment_runners import over_sql
from tests.contracts.registries import OverTheWire, Registry
from tests.contracts.registry_material import (
    MIB,
    PROJECT,
    WHO,
    content_of,
    file_of,
    new_model,
    new_version,
    pending_version,
    pieces_of,
    ready_version,
)
from tests.eventually import eventually
from tests.fakes.wishes import deployment
from tests.parts import require
from tests.parts.postgres import postgres_server
from tests.parts.s3 import s3_server

pytestmark = pytest.mark.alone  # it measures seconds

IN_TIME_S = 10.0
"""What a client gives a call, unless it says otherwise."""


@dataclass
class Traffic:
    """Writers and readers, again and again until told to stop."""

    registry: Registry
    made: list[int] = field(default_factory=list)
    read: int = 0
    failed: list[ServeryError] = field(default_factory=list)
    slowest_s: float = 0.0
    _stop: bool = False

    async def _again(self, act) -> None:
        while not self._stop:
            begin = time.monotonic()
            try:
                await act()
            except ServeryError as error:
                self.failed.append(error)
                await asyncio.sleep(0.02)  # a refused call is answered at once; the client does not hammer
            self.slowest_s = max(self.slowest_s, time.monotonic() - begin)

    async def _write(self) -> None:
        self.made.append((await self.registry.versions.create(new_version(), creator=WHO)).number)

    async def _read(self) -> None:
        await self.registry.models.get(PROJECT, "iris")
        self.read += 1

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        await self.registry.models.create(new_model(), creator=WHO)
        tasks = [asyncio.create_task(self._again(act)) for act in [self._write] * 4 + [self._read] * 4]
        try:
            yield
        finally:
            self._stop = True
            await asyncio.gather(*tasks)

    async def goes_on(self) -> None:
        """Wait until more is written and read than now."""
        made, read = len(self.made), self.read
        await eventually(lambda: _counts(self), lambda seen: seen[0] > made + 8 and seen[1] > read + 8)


async def _counts(traffic: Traffic) -> tuple[int, int]:
    return len(traffic.made), traffic.read


async def numbers(registry: Registry) -> set[int]:
    found: set[int] = set()
    after, more = None, True
    while more:
        page = await registry.versions.list(PROJECT, "iris", Window(size=500, after=after), show_pending=True)
        found |= {each.number for each in page.items}
        after, more = ("iris", min(found, default=0)), page.more
    return found


async def test_a_database_that_is_killed_and_comes_back(tmp_path):
    with postgres_server(require("postgres")) as server:
        async with OverTheWire(tmp_path, database_url=server.new_database()).open() as registry:
            traffic = Traffic(registry)
            async with traffic.flowing():
                for outage in range(1, 4):
                    await traffic.goes_on()
                    await asyncio.to_thread(server.kill)
                    before = len(traffic.failed)
                    await eventually(lambda: _failed(traffic), lambda seen, n=before: seen > n + 16)
                    await asyncio.to_thread(server.start)
                    began = time.monotonic()
                    await traffic.goes_on()
                    print(f"outage {outage}: written and read again after {time.monotonic() - began:.2f} s")
                    assert time.monotonic() - began < IN_TIME_S
            seen = await numbers(registry)
    assert {(type(error), error.reason) for error in traffic.failed} == {(Unavailable, "DATABASE_UNAVAILABLE")}
    assert traffic.slowest_s < IN_TIME_S
    assert set(traffic.made) <= seen, "what was acknowledged is there"
    assert len(set(traffic.made)) == len(traffic.made)
    print(f"{len(traffic.made)} acknowledged, {len(traffic.failed)} refused, slowest {traffic.slowest_s:.2f} s")


async def _failed(traffic: Traffic) -> int:
    return len(traffic.failed)


async def test_servings_database_is_killed_and_comes_back():
    with postgres_server(require("postgres")) as server:
        async with over_sql(server.new_database()) as store:

            async def add(name: str) -> None:
                async with store.write() as work:
                    await work.deployments.add(deployment(id=0, name=name))
                    await work.commit()

            async def names() -> list[str]:
                async with store.read() as work:
                    return [each.name for each in await work.deployments.all()]

            await add("before")
            await asyncio.to_thread(server.kill)
            for _ in range(3):
                for call in (add("meanwhile"), names()):
                    with pytest.raises(Unavailable) as caught:
                        await asyncio.wait_for(call, IN_TIME_S)
                    assert caught.value.reason == "DATABASE_UNAVAILABLE"
            await asyncio.to_thread(server.start)
            assert await names() == ["before"]
            await add("after")
            assert await names() == ["after", "before"]


HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


async def test_a_database_that_another_process_locks(tmp_path):
    async with OverTheWire(tmp_path).open() as registry:
        model = await registry.models.create(new_model(), creator=WHO)
        holder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLD_THE_LOCK, tmp_path / "registry.db",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert await holder.stdout.readline() == b"held\n"
            begin = time.monotonic()
            writing = asyncio.create_task(registry.versions.create(new_version(), creator=WHO))
            reads = 0
            while not writing.done():
                async with asyncio.timeout(1):
                    assert await registry.models.get(PROJECT, "iris") == model
                reads += 1
            with pytest.raises(Unavailable) as caught:
                await writing
            took = time.monotonic() - begin
        finally:
            await holder.communicate(b"")  # the end of its input
        print(f"refused after {took:.2f} s, {reads} reads meanwhile")
        assert caught.value.reason == "DATABASE_UNAVAILABLE"
        assert took < IN_TIME_S
        assert reads > 10
        assert (await registry.versions.create(new_version(), creator=WHO)).number == 1


async def test_an_object_store_that_is_killed_and_comes_back(tmp_path):
    sent = bytes(range(256)) * (12 * MIB // 256)  # the rest is no whole part: it is stored when all of it is in
    with s3_server(require("s3")) as server:
        runner = OverTheWire(tmp_path, blob_url=server.new_url(), blob_options=server.options)
        async with runner.open() as registry:
            kept = await ready_version(registry, {"model.joblib": b"content"}, model="kept")
            version = await pending_version(registry)
            begun = await registry.files.begin(PROJECT, "iris", 1, file_of(sent))
            half = await registry.files.write(begun.upload_id, pieces_of(sent[: 9 * MIB]))
            await asyncio.to_thread(server.kill)
            calls = {
                "upload": lambda: registry.files.write(begun.upload_id, pieces_of(sent, half.received_bytes)),
                "progress": lambda: registry.files.get_upload(begun.upload_id),
                "commit": lambda: registry.files.commit(begun.upload_id),
                "download": lambda: content_of(registry, kept),
            }
            for name, call in calls.items():
                began = time.monotonic()
                with pytest.raises(Unavailable) as caught:
                    await call()
                print(f"{name}: refused after {time.monotonic() - began:.2f} s")
                assert caught.value.reason == "BLOB_STORE_UNAVAILABLE"
                assert time.monotonic() - began < IN_TIME_S
            assert await registry.versions.get(PROJECT, "kept", 1) == kept  # what needs no bytes is answered
            await asyncio.to_thread(server.start)
            left = await registry.files.get_upload(begun.upload_id)
            assert left.received_bytes >= half.received_bytes
            await registry.files.write(begun.upload_id, pieces_of(sent, left.received_bytes))
            await registry.files.commit(begun.upload_id)
            version = await registry.versions.finalize(PROJECT, "iris", version.number)
            assert await content_of(registry, version) == sent
            assert await content_of(registry, kept) == b"content"
