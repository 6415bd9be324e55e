"""Many clients want the same at the same moment: exactly one wins, and no update is lost.

Half of them ask one server, half another on the same stores. SERVERY_LONG=1 makes it 10 000 tries.
"""

import asyncio
import os
from contextlib import AsyncExitStack

import pytest

from servery.errors import Aborted, AlreadyExists
from servery_registry.domain.listing import Window
from servery_registry.domain.model import Model
from servery_registry.domain.version import Version
from tests.contracts.registries import RUNNERS, Registry
from tests.contracts.registry_material import PROJECT, WHO, new_model, new_version, pending_version, upload

CLIENTS = 50
LONG = bool(os.environ.get("SERVERY_LONG"))
ROUNDS = 20 if LONG else 2
pytestmark = pytest.mark.timeout(1200 if LONG else 120)


@pytest.fixture(params=[name for name in RUNNERS if name != "s3"])  # what is at stake is in the database
async def servers(request, tmp_path):
    runner = RUNNERS[request.param](tmp_path)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(runner.open()) for _ in range(2)]


async def at_once(servers: list[Registry], act, count: int = CLIENTS) -> list:
    """What each of the clients was answered, an error or not."""
    calls = [act(servers[client % 2], client) for client in range(count)]
    return await asyncio.gather(*calls, return_exceptions=True)


def only_winner(answers: list, kind: type):
    """The one that won. All others came second, and were told so."""
    winners = [answer for answer in answers if isinstance(answer, kind)]
    others = [answer for answer in answers if not isinstance(answer, kind | AlreadyExists | Aborted)]
    assert others == []
    assert len(winners) == 1
    return winners[0]


async def test_one_of_many_creates_the_model(servers):
    for round_ in range(ROUNDS):
        name = f"iris-{round_}"
        answers = await at_once(
            servers, lambda server, n, name=name: server.models.create(new_model(name, description=str(n)), creator=WHO)
        )
        assert await servers[1].models.get(PROJECT, name) == only_winner(answers, Model)


async def test_one_of_many_takes_the_number(servers):
    await servers[0].models.create(new_model(), creator=WHO)
    for number in range(1, ROUNDS + 1):
        answers = await at_once(
            servers, lambda server, n, number=number: server.versions.create(new_version(number), creator=str(n))
        )
        won = only_winner(answers, Version)
        assert await servers[0].versions.get(PROJECT, "iris", number, show_pending=True) == won


async def test_numbers_that_are_given_out_are_unique_and_without_a_gap(servers):
    await servers[0].models.create(new_model(), creator=WHO)
    given: list[int] = []
    tries = 10_000 if LONG else ROUNDS * CLIENTS
    for _ in range(tries // CLIENTS):
        answers = await at_once(servers, lambda server, n: server.versions.create(new_version(), creator=WHO))
        assert [each for each in answers if not isinstance(each, Version)] == []
        given += [each.number for each in answers]
    assert sorted(given) == list(range(1, tries + 1))
    listed = await servers[0].versions.list(PROJECT, "iris", Window(size=CLIENTS), show_pending=True)
    assert [each.number for each in listed.items] == sorted(given, reverse=True)[:CLIENTS]


async def test_files_that_are_committed_at_once_are_all_counted(servers):
    version = await pending_version(servers[0])
    files = 400 if LONG else 12
    answers = await at_once(servers, lambda server, n: upload(server, version, b"x" * n, f"file-{n}"), files)
    assert [each for each in answers if isinstance(each, BaseException)] == []
    seen = await servers[1].versions.get(PROJECT, "iris", 1, show_pending=True)
    assert (seen.file_count, seen.size_bytes) == (files, sum(range(files)))
