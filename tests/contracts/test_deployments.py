"""DeploymentService, as its proto says: one suite, over every runner."""

import asyncio
import uuid
from contextlib import aclosing

import pytest

import servery.serving.v1 as pb
from servery.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, Unavailable
from tests.contracts.deployment_runners import RUNNERS

State = pb.Deployment.State
Condition = pb.Deployment.Condition


@pytest.fixture(params=RUNNERS)
async def world(request, tmp_path):
    async with RUNNERS[request.param](tmp_path) as world:
        world.catalog.register("iris", 1)
        world.catalog.register("iris", 2)
        world.catalog.register("my_digits-2", 1)
        yield world


async def create(world, **fields):
    request = pb.CreateDeploymentRequest(**({"model": "iris"} | fields))
    return (await world.api.CreateDeployment(request)).deployment


async def get(world, name="iris", project=""):
    return (await world.api.GetDeployment(pb.GetDeploymentRequest(name=name, project=project))).deployment


async def start(world, name="iris"):
    return (await world.api.StartDeployment(pb.StartDeploymentRequest(name=name))).deployment


async def stop(world, name="iris"):
    return (await world.api.StopDeployment(pb.StopDeploymentRequest(name=name))).deployment


async def delete(world, name="iris", *, force=False):
    await world.api.DeleteDeployment(pb.DeleteDeploymentRequest(name=name, force=force))


async def test_a_new_deployment_is_created_and_not_started(world):
    made = await create(world, description="flowers")
    assert (made.project, made.name, made.description, made.model) == ("default", "iris", "flowers", "iris")
    assert (made.state, made.started, made.reconciling) == (State.STATE_CREATED, False, False)
    assert (made.engine, made.revision, made.creator) == (pb.ENGINE_LOCAL, 1, "anonymous")
    assert made.id > 0
    assert made.etag
    assert made.reason
    assert made.create_time.ToDatetime(world.clock.now().tzinfo) == made.update_time.ToDatetime(
        world.clock.now().tzinfo
    )
    assert made.create_time.ToDatetime(world.clock.now().tzinfo) == world.clock.now()
    assert [(c.type, c.status) for c in made.conditions] == [(Condition.TYPE_STOPPED, Condition.STATUS_TRUE)]
    assert await get(world) == made


async def test_the_latest_version_is_pinned(world):
    assert (await create(world)).model_version == 2
    world.catalog.register("iris", 3)
    assert (await get(world)).model_version == 2


async def test_a_version_and_an_engine_can_be_chosen(world):
    made = await create(world, model_version=1, engine=pb.ENGINE_TRITON)
    assert (made.model_version, made.engine) == (1, pb.ENGINE_TRITON)


async def test_a_name_is_inferred_without_the_characters_it_may_not_have(world):
    assert (await create(world, model="my_digits-2")).name == "mydigits2"


async def test_a_model_whose_name_has_no_fit_character_needs_a_name(world):
    world.catalog.register("__", 1)
    with pytest.raises(InvalidArgument) as caught:
        await create(world, model="__")
    assert caught.value.field == "name"
    assert (await create(world, model="__", name="a")).name == "a"


@pytest.mark.parametrize(("fields", "words"), [({"model": "rose"}, "rose"), ({"model_version": 9}, "9")])
async def test_what_the_registry_does_not_have_is_not_found_by_name(world, fields, words):
    with pytest.raises(NotFound, match=words):
        await create(world, **fields)
    with pytest.raises(NotFound):
        await get(world)


async def test_the_model_is_looked_up_in_the_same_project(world):
    with pytest.raises(NotFound):
        await create(world, project="other")
    world.catalog.register("iris", 7, project="other")
    await create(world)
    other = await create(world, project="other")
    assert (other.project, other.model_version) == ("other", 7)
    assert (await get(world)).model_version == 2
    assert (await get(world, project="other")) == other


async def test_without_the_registry_nothing_is_created(world):
    world.catalog.error = Unavailable("the registry does not answer", reason="REGISTRY_UNAVAILABLE")
    with pytest.raises(Unavailable) as caught:
        await create(world)
    assert caught.value.reason == "REGISTRY_UNAVAILABLE"
    world.catalog.error = None
    await create(world)


async def test_a_taken_name_already_exists(world):
    await create(world)
    with pytest.raises(AlreadyExists) as caught:
        await create(world)
    assert (caught.value.resource_type, caught.value.resource_name) == ("deployment", "iris")
    assert caught.value.reason == "DEPLOYMENT_ALREADY_EXISTS"


async def test_of_many_who_create_the_same_name_one_wins(world):
    results = await asyncio.gather(*(create(world) for _ in range(6)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyExists"] * 5 + ["Deployment"]


async def test_the_same_request_gives_the_same_deployment_back(world):
    request_id = str(uuid.uuid4())
    made = await create(world, request_id=request_id)
    world.catalog.error = Unavailable("not asked again")
    assert await create(world, request_id=request_id.upper()) == made
    started = await start(world)
    assert await create(world, request_id=request_id) == started


async def test_the_same_request_sent_many_times_at_once_is_one_deployment(world):
    request_id = str(uuid.uuid4())
    results = await asyncio.gather(*(create(world, request_id=request_id) for _ in range(6)))
    assert len({result.id for result in results}) == 1


async def test_a_request_id_used_for_another_request_is_refused(world):
    request_id = str(uuid.uuid4())
    await create(world, request_id=request_id)
    with pytest.raises(InvalidArgument) as caught:
        await create(world, name="other", request_id=request_id)
    assert caught.value.field == "request_id"


async def test_a_repeated_request_does_not_bring_back_what_was_deleted(world):
    request_id = str(uuid.uuid4())
    await create(world, request_id=request_id)
    await delete(world)
    with pytest.raises(NotFound) as caught:
        await create(world, request_id=request_id)
    assert caught.value.reason == "DEPLOYMENT_DELETED"


async def test_start_and_stop_change_the_wish_and_its_etag(world):
    made = await create(world)
    world.clock.advance(1)
    started = await start(world)
    assert (started.started, started.state, started.reconciling) == (True, State.STATE_STARTING, True)
    assert started.etag != made.etag
    assert started.update_time.ToNanoseconds() - made.update_time.ToNanoseconds() == 1e9
    assert started.create_time == made.create_time
    stopped = await stop(world)
    assert (stopped.started, stopped.state, stopped.reconciling) == (False, State.STATE_STOPPING, True)
    assert stopped.etag not in {made.etag, started.etag}
    assert await get(world) == stopped


async def test_what_is_started_or_stopped_already_is_answered_as_it_is(world):
    made = await create(world)
    assert await stop(world) == made
    started = await start(world)
    world.clock.advance(1)
    assert await start(world) == started


@pytest.mark.parametrize("act", [get, start, stop, delete])
async def test_a_deployment_that_is_not_there_is_not_found(world, act):
    with pytest.raises(NotFound) as caught:
        await act(world, "rose")
    assert (caught.value.resource_type, caught.value.resource_name) == ("deployment", "rose")
    assert caught.value.reason == "DEPLOYMENT_NOT_FOUND"


async def test_a_started_deployment_is_deleted_only_by_force(world):
    await create(world)
    await start(world)
    with pytest.raises(FailedPrecondition, match="stop it first") as caught:
        await delete(world)
    assert caught.value.reason == "DEPLOYMENT_STARTED"
    assert (await get(world)).started
    await delete(world, force=True)
    with pytest.raises(NotFound):
        await get(world)


async def test_the_name_of_a_deleted_deployment_is_free_at_once(world):
    first = await create(world)
    await start(world)
    await delete(world, force=True)
    second = await create(world)
    assert second.id != first.id
    assert second.state == State.STATE_CREATED
    assert await get(world) == second


async def list_all(world, size, **fields):
    names, token = [], ""
    while True:
        request = pb.ListDeploymentsRequest(page_size=size, page_token=token, **fields)
        page = await world.api.ListDeployments(request)
        assert len(page.deployments) <= size
        names += [each.name for each in page.deployments]
        token = page.next_page_token
        if not token:
            return names


@pytest.mark.parametrize("size", [1, 2, 5, 100])
async def test_lists_are_paged_and_ordered_by_name_byte_by_byte(world, size):
    for name in ("b", "B", "a1", "a", "Z"):
        await create(world, name=name)
    await create(world, name="gone")
    await delete(world, "gone")
    assert await list_all(world, size) == ["B", "Z", "a", "a1", "b"]
    assert await list_all(world, size, project="other") == []


async def test_a_page_token_of_another_list_is_refused(world):
    for name in ("a", "b"):
        await create(world, name=name)
    token = (await world.api.ListDeployments(pb.ListDeploymentsRequest(page_size=1))).next_page_token
    for request in (
        pb.ListDeploymentsRequest(page_token=token, project="other"),
        pb.ListDeploymentsRequest(page_token="nonsense"),
        pb.ListDeploymentsRequest(page_size=-1),
    ):
        with pytest.raises(InvalidArgument):
            await world.api.ListDeployments(request)


def watch(world, name="iris"):
    return aclosing(world.api.WatchDeployment(pb.WatchDeploymentRequest(name=name)))


async def test_a_watch_shows_the_present_form_first_and_then_each_change_and_ends_when_deleted(world):
    made = await create(world)
    async with asyncio.timeout(10), watch(world) as forms:
        assert (await anext(forms)).deployment == made
        started = await start(world)
        assert (await anext(forms)).deployment == started
        await delete(world, force=True)
        with pytest.raises(NotFound):
            await anext(forms)


async def test_a_watch_ends_when_the_deployment_is_replaced_by_another_of_its_name(world):
    await create(world)
    async with asyncio.timeout(10), watch(world) as forms:
        await anext(forms)
        await delete(world)
        await create(world)
        with pytest.raises(NotFound):
            await anext(forms)


async def test_a_watch_of_what_is_not_there_is_not_found(world):
    async with asyncio.timeout(10), watch(world, "rose") as forms:
        with pytest.raises(NotFound):
            await anext(forms)


async def test_a_watch_that_is_slow_sees_the_last_form(world):
    await create(world)
    async with asyncio.timeout(10), watch(world) as forms:
        await anext(forms)
        for _ in range(3):
            await start(world)
            last = await stop(world)
        seen = (await anext(forms)).deployment
        while seen != last:
            seen = (await anext(forms)).deployment


async def test_a_request_of_the_wrong_form_is_refused_by_its_field(world):
    with pytest.raises(InvalidArgument) as caught:
        await create(world, name="not-fit")
    assert caught.value.field == "name"
