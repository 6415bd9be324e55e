"""Two registries over one database and one blob store: uploads, deletions and collections without grace, in any order
and at once. Nothing that a version names is ever freed, and nothing else is left.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import obstore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servery.errors import Aborted, NotFound, Unavailable
from servery_registry.domain.listing import Window
from tests.contracts.registries import OverFakes, OverSql, Registry, Runner
from tests.contracts.registry_material import (
    PROJECT,
    WHO,
    content_of,
    file_of,
    new_model,
    new_version,
    pieces_of,
)

CONTENTS = [b"", b"one", b"two" * 1000]
RUNNERS = {
    "fakes": lambda folder: OverFakes(),
    "sqlite": lambda folder: OverSql(f"sqlite+aiosqlite:///{folder / 'registry.db'}", folder / "blobs"),
}
NO_GRACE = timedelta()

registries = st.integers(0, 1)
steps = st.one_of(
    st.tuples(st.just("upload"), registries, st.lists(st.integers(0, 2), min_size=1, max_size=2), st.booleans()),
    st.tuples(st.just("delete"), registries, st.integers(0, 5)),
    st.tuples(st.just("collect"), registries),
)
batches = st.lists(st.lists(steps, min_size=1, max_size=5), min_size=1, max_size=6)


@asynccontextmanager
async def two(runner: Runner) -> AsyncIterator[list[Registry]]:
    async with AsyncExitStack() as stack:
        pair = [await stack.enter_async_context(runner.open()) for _ in range(2)]
        await pair[0].models.create(new_model(), creator=WHO)
        yield pair


async def take(step: tuple, pair: list[Registry]) -> None:
    match step:
        case "upload", which, contents, finalise:
            version = await pair[which].versions.create(new_version(), creator=WHO)
            try:
                for place, content in enumerate(contents):
                    await upload(pair, which, version.number, str(place), CONTENTS[content])
                if finalise:
                    await pair[which].versions.finalize(PROJECT, "iris", version.number)
            except NotFound as error:
                if error.reason != "VERSION_NOT_FOUND":  # which says that somebody has deleted it meanwhile
                    raise
            except Aborted as error:
                if error.reason != "FILES_CHANGED":  # by another step, each time that the files were scanned
                    raise
        case "delete", which, place:
            there = (await pair[which].versions.list(PROJECT, "iris", Window(), show_pending=True)).items
            if there:
                with suppress(NotFound):  # somebody else was faster
                    await pair[which].versions.delete(PROJECT, "iris", there[place % len(there)].number)
        case "collect", which:
            await pair[which].storage.collect(grace=NO_GRACE)


async def upload(pair: list[Registry], which: int, number: int, path: str, content: bytes) -> None:
    """Until it is done, the calls by turns to one registry and the other."""
    while True:
        here, there = pair[which].files, pair[1 - which].files
        begun = await here.begin(PROJECT, "iris", number, file_of(content, path))
        if begun.committed:
            return
        try:
            await there.write(begun.upload_id, pieces_of(content, begun.received_bytes))
            await here.commit(begun.upload_id)
        except (NotFound, Aborted, Unavailable) as error:
            if error.reason not in {"UPLOAD_NOT_FOUND", "UPLOAD_BUSY", "CONTENT_FREED", "VERSION_NOT_FOUND"}:
                raise
            continue
        return


async def all_is_well(runner: Runner, registry: Registry) -> None:
    named = set()
    for version in (await registry.versions.list(PROJECT, "iris", Window(size=100))).items:
        _, files = await registry.files.list(PROJECT, "iris", version.number, Window())
        for file in files.items:
            content = await content_of(registry, version, file.path)
            assert file_of(content, file.path) == file
            named.add(file.sha256)
    for version in (await registry.versions.list(PROJECT, "iris", Window(size=100), show_pending=True)).items:
        if version.state.value == "PENDING":
            await registry.versions.delete(PROJECT, "iris", version.number)
    await registry.storage.collect(grace=NO_GRACE)
    left = await obstore.list(runner.blobs).collect_async()
    assert {each["path"].rpartition("/")[2] for each in left} == named


async def play(script: list[list[tuple]], runner: Runner) -> None:
    async with asyncio.timeout(60), two(runner) as pair:
        for batch in script:
            await asyncio.gather(*(take(step, pair) for step in batch))
        await all_is_well(runner, pair[0])


@pytest.mark.parametrize("kind", RUNNERS)
def test_whatever_happens_at_once_what_is_named_stays_and_the_rest_goes(kind):
    @settings(
        max_examples={"fakes": 150, "sqlite": 15}[kind],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(batches)
    def example(script):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(play(script, RUNNERS[kind](Path(folder))))

    example()
