"""Many clients want the same deployment at the same moment: exactly one wins, and no wish is lost."""

import asyncio
import os

import pytest

import servery.serving.v1 as pb
from servery.errors import Aborted, AlreadyExists
from tests.contracts.deployment_runners import RUNNERS

CLIENTS = 50
LONG = bool(os.environ.get("SERVERY_LONG"))
ROUNDS = 20 if LONG else 2
pytestmark = pytest.mark.timeout(1200 if LONG else 120)


@pytest.fixture(params=RUNNERS)
async def world(request, tmp_path):
    async with RUNNERS[request.param](tmp_path) as world:
        world.catalog.register("iris", 1)
        yield world


async def at_once(act) -> list:
    return await asyncio.gather(*(act(client) for client in range(CLIENTS)), return_exceptions=True)


async def test_one_of_many_creates_the_deployment(world):
    for round_ in range(ROUNDS):
        name = f"iris{round_}"
        answers = await at_once(
            lambda n, name=name: world.api.CreateDeployment(
                pb.CreateDeploymentRequest(model="iris", name=name, description=str(n))
            )
        )
        won = [each for each in answers if isinstance(each, pb.CreateDeploymentResponse)]
        assert [each for each in answers if not isinstance(each, pb.CreateDeploymentResponse | AlreadyExists)] == []
        assert len(won) == 1
        stored = await world.api.GetDeployment(pb.GetDeploymentRequest(name=name))
        assert stored.deployment == won[0].deployment


async def test_each_of_many_wishes_is_answered_by_what_it_made_of_it(world):
    await world.api.CreateDeployment(pb.CreateDeploymentRequest(model="iris"))
    for _ in range(ROUNDS):
        answers = await at_once(
            lambda n: (
                world.api.StartDeployment(pb.StartDeploymentRequest(name="iris"))
                if n % 2
                else world.api.StopDeployment(pb.StopDeploymentRequest(name="iris"))
            )
        )
        assert [each for each in answers if isinstance(each, BaseException) and not isinstance(each, Aborted)] == []
        for n, answer in enumerate(answers):
            assert isinstance(answer, Aborted) or answer.deployment.started == bool(n % 2)
        stored = await world.api.GetDeployment(pb.GetDeploymentRequest(name="iris"))
        etags = {each.deployment.etag for each in answers if not isinstance(each, Aborted)}
        assert stored.deployment.etag in etags
