"""Serving's store, as its port says: one suite, over every store."""

from contextlib import suppress
from dataclasses import replace

import pytest

from servery.errors import AlreadyExists, NotFound
from servery_kit.paging import Page
from servery_serving.domain import state
from servery_serving.domain.deployment import Observation, State
from servery_serving.domain.pin import Pin
from servery_serving.domain.request import Answered
from tests.contracts.deployment_runners import STORES
from tests.fakes.wishes import NOW, deployment, revision


@pytest.fixture(params=STORES)
async def store(request, tmp_path):
    async with STORES[request.param](tmp_path) as store:
        yield store


async def added(store, **fields):
    async with store.write() as uow:
        made = await uow.deployments.add(deployment(**({"id": 0} | fields)))
        await uow.commit()
    return made


async def all_of(store):
    async with store.read() as uow:
        return list(await uow.deployments.all())


async def test_what_is_stored_comes_back_as_it_was(store):
    wish = deployment(id=0, started=True, ever_started=True)
    wish = replace(wish, observed=state.begun(wish, NOW))
    async with store.write() as uow:
        made = await uow.deployments.add(wish)
        await uow.commit()
    assert made == replace(wish, id=made.id)
    async with store.read() as uow:
        assert await uow.deployments.get("default", "iris") == made
        assert await uow.deployments.find(made.id) == made
    assert await all_of(store) == [made]


async def test_what_is_not_committed_never_was(store):
    async with store.write() as uow:
        await uow.deployments.add(deployment(id=0))
    assert await all_of(store) == []
    with suppress(KeyError):
        async with store.write() as uow:
            await uow.deployments.add(deployment(id=0))
            raise KeyError
    assert await all_of(store) == []


async def test_a_name_is_unique_in_its_project_among_those_not_being_deleted(store):
    first = await added(store)
    with pytest.raises(AlreadyExists):
        await added(store)
    await added(store, project="other")
    async with store.write() as uow:
        await uow.deployments.wish(replace(first, deleting=True))
        await uow.commit()
    second = await added(store, revision=revision(2))
    assert {each.id for each in await all_of(store)} >= {first.id, second.id}
    async with store.read() as uow:
        assert (await uow.deployments.get("default", "iris")).id == second.id
        assert await uow.deployments.last_revision("default", "iris") == 2


async def test_what_is_being_deleted_is_seen_by_all_alone(store):
    made = await added(store)
    gone = replace(made, deleting=True, etag="e2")
    async with store.write() as uow:
        await uow.deployments.wish(gone)
        await uow.commit()
    async with store.read() as uow:
        with pytest.raises(NotFound):
            await uow.deployments.get("default", "iris")
        assert await uow.deployments.find(made.id) is None
        assert await uow.deployments.list("default", Page()) == ([], None)
        assert await uow.deployments.last_revision("default", "iris") == 1
    assert await all_of(store) == [gone]
    async with store.write() as uow:
        await uow.deployments.remove(made.id)
        await uow.commit()
    assert await all_of(store) == []


async def test_an_id_is_never_used_again(store):
    made = await added(store)
    async with store.write() as uow:
        await uow.deployments.remove(made.id)
        await uow.commit()
    assert (await added(store)).id > made.id


async def test_an_observation_is_stored_only_with_the_wish_that_it_is_of(store):
    made = await added(store)
    seen = replace(made, observed=Observation(state=State.FAILED, reason="why"))
    async with store.write() as uow:
        assert await uow.deployments.observe(seen)
        await uow.deployments.wish(replace(made, started=True, etag="e2"))
        assert not await uow.deployments.observe(seen)
        await uow.commit()
    (stored,) = await all_of(store)
    assert stored == replace(made, started=True, etag="e2")


async def test_a_request_is_remembered_once(store):
    request_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    answered = Answered(project="default", request_id=request_id, digest="d", deployment_id=1, create_time=NOW)
    async with store.write() as uow:
        await uow.requests.add(answered)
        await uow.commit()
    async with store.read() as uow:
        assert await uow.requests.get("default", request_id) == answered
        assert await uow.requests.get("other", request_id) is None
    async with store.write() as uow:
        with pytest.raises(AlreadyExists):
            await uow.requests.add(answered)


async def test_pins_to_be_undone_are_kept_once_each_in_their_order(store):
    first, second = (Pin(project="default", model="iris", model_version=n, user="u") for n in (2, 1))
    async with store.write() as uow:
        for pin in (first, second, first):
            await uow.unpins.add(pin)
        await uow.commit()
    async with store.read() as uow:
        assert await uow.unpins.all() == [first, second]
    async with store.write() as uow:
        for _ in range(2):
            await uow.unpins.remove(first)
        await uow.commit()
    async with store.read() as uow:
        assert await uow.unpins.all() == [second]
