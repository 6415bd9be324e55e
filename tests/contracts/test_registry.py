"""What the registry does with models and versions, whichever way it is run."""

import asyncio

import pytest

from servery.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from servery_registry.domain.listing import Window
from servery_registry.domain.version import Framework, State, Version
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import (
    PROJECT,
    WHO,
    file_of,
    new_model,
    new_request_id,
    new_version,
    pending_version,
    ready_version,
    upload,
)


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


async def test_a_model_is_kept_as_it_was_created(registry: Registry):
    made = await registry.models.create(new_model(description="flowers – 花"), creator=WHO)
    assert (made.project, made.name, made.description) == (PROJECT, "iris", "flowers – 花")
    assert (made.latest_version, made.creator) == (0, WHO)
    assert made.create_time == made.update_time
    assert made.create_time.utcoffset() is not None
    assert await registry.models.get(PROJECT, "iris") == made


async def test_a_name_is_taken_once_in_a_project(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    with pytest.raises(AlreadyExists) as caught:
        await registry.models.create(new_model(), creator=WHO)
    assert (caught.value.reason, caught.value.resource_name) == ("MODEL_EXISTS", "iris")
    await registry.models.create(new_model(project="other"), creator=WHO)


async def test_an_unknown_model_is_not_found(registry: Registry):
    await registry.models.create(new_model(project="other"), creator=WHO)
    calls = [
        registry.models.get(PROJECT, "iris"),
        registry.versions.create(new_version(), creator=WHO),
        registry.versions.list(PROJECT, "iris", Window()),
        registry.versions.get(PROJECT, "iris", 1),
        registry.versions.finalize(PROJECT, "iris", 1),
        registry.files.list(PROJECT, "iris", 1, Window()),
    ]
    for call in calls:
        with pytest.raises(NotFound) as caught:
            await call
        assert (caught.value.reason, caught.value.resource_type) == ("MODEL_NOT_FOUND", "model")


async def test_models_are_listed_by_name_page_by_page(registry: Registry):
    names = ["b", "a-1", "B", "_", "a", "c"]
    for name in names:
        await registry.models.create(new_model(name), creator=WHO)
    await registry.models.create(new_model("elsewhere", project="other"), creator=WHO)
    seen, after, more = [], None, True
    while more:
        page = await registry.models.list(PROJECT, Window(size=2, after=after))
        assert len(page.items) == 2
        seen += [model.name for model in page.items]
        after, more = seen[-1], page.more
    assert seen == sorted(names)


async def test_a_create_request_sent_again_gives_the_same_model(registry: Registry):
    request_id = new_request_id()
    made = await registry.models.create(new_model(), creator=WHO, request_id=request_id)
    assert await registry.models.create(new_model(), creator=WHO, request_id=request_id) == made
    with pytest.raises(InvalidArgument) as caught:
        await registry.models.create(new_model("other"), creator=WHO, request_id=request_id)
    assert (caught.value.field, caught.value.reason) == ("request_id", "REQUEST_ID_REUSED")
    await registry.models.create(new_model(project="other"), creator=WHO, request_id=request_id)


async def test_a_create_request_sent_again_gives_the_same_version(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    request_id, new = new_request_id(), new_version(metrics={"accuracy": 0.97, "f1": 0.9})
    made = await registry.versions.create(new, creator=WHO, request_id=request_id)
    again = new_version(metrics={"f1": 0.9, "accuracy": 0.97})
    assert await registry.versions.create(again, creator=WHO, request_id=request_id) == made
    with pytest.raises(InvalidArgument):
        await registry.versions.create(new_version(metrics={}), creator=WHO, request_id=request_id)
    assert (await registry.versions.create(new, creator=WHO)).number == made.number + 1


async def test_the_same_request_many_times_at_once_creates_one(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    request_id = new_request_id()
    calls = [registry.versions.create(new_version(), creator=WHO, request_id=request_id) for _ in range(6)]
    assert {made.number for made in await asyncio.gather(*calls)} == {1}


async def test_a_request_that_failed_is_not_remembered(registry: Registry):
    request_id = new_request_id()
    with pytest.raises(NotFound):
        await registry.versions.create(new_version(), creator=WHO, request_id=request_id)
    await registry.models.create(new_model(), creator=WHO)
    assert (await registry.versions.create(new_version(), creator=WHO, request_id=request_id)).number == 1


async def test_a_restart_forgets_no_request(runner: Runner):
    request_id, other_id = new_request_id(), new_request_id()
    async with runner.open() as registry:
        model = await registry.models.create(new_model(), creator=WHO, request_id=request_id)
        version = await registry.versions.create(new_version(), creator=WHO, request_id=other_id)
    async with runner.open() as registry:
        assert await registry.models.create(new_model(), creator=WHO, request_id=request_id) == model
        assert await registry.versions.create(new_version(), creator=WHO, request_id=other_id) == version


async def test_a_version_is_kept_as_it_was_created(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    metrics = {"accuracy": 0.1 + 0.2, "loss": -1e-300, "größe": 3.0}
    new = new_version(framework=Framework.ONNX, metrics=metrics, description="first")
    made = await registry.versions.create(new, creator=WHO)
    assert (made.number, made.state, made.framework) == (1, State.PENDING, Framework.ONNX)
    assert (dict(made.metrics), made.description, made.creator) == (metrics, "first", WHO)
    assert (made.file_count, made.size_bytes) == (0, 0)
    assert await registry.versions.get(PROJECT, "iris", 1, show_pending=True) == made


async def test_numbers_rise_and_are_never_used_again(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    wanted = [0, 0, 10, 5, 0]
    made = [await registry.versions.create(new_version(number), creator=WHO) for number in wanted]
    assert [version.number for version in made] == [1, 2, 10, 5, 11]
    assert len({version.id for version in made}) == len(made)
    with pytest.raises(AlreadyExists) as caught:
        await registry.versions.create(new_version(5), creator=WHO)
    assert caught.value.reason == "VERSION_EXISTS"
    await registry.versions.create(new_version(2**31 - 1), creator=WHO)
    with pytest.raises(FailedPrecondition):
        await registry.versions.create(new_version(), creator=WHO)


async def test_of_writers_of_one_number_exactly_one_wins(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    calls = [registry.versions.create(new_version(7), creator=WHO) for _ in range(6)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(answer, Version) for answer in answers) == 1
    assert sum(isinstance(answer, AlreadyExists | Aborted) for answer in answers) == 5


async def test_writers_of_the_next_number_get_one_each(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    made = await asyncio.gather(*(registry.versions.create(new_version(), creator=WHO) for _ in range(6)))
    assert sorted(version.number for version in made) == [1, 2, 3, 4, 5, 6]


async def test_a_version_is_invisible_until_it_is_finalised(registry: Registry):
    version = await pending_version(registry)
    await upload(registry, version, b"content")
    for number in (0, version.number):
        for call in (
            registry.versions.get(PROJECT, "iris", number),
            registry.files.list(PROJECT, "iris", number, Window()),
            registry.files.download(PROJECT, "iris", number, "model.joblib"),
        ):
            with pytest.raises(NotFound) as caught:
                await call
            assert caught.value.reason == "VERSION_NOT_FOUND"
    assert not (await registry.versions.list(PROJECT, "iris", Window())).items
    with pytest.raises(NotFound):  # asking for pending ones does not change what the latest is
        await registry.versions.get(PROJECT, "iris", 0, show_pending=True)
    pending = await registry.versions.get(PROJECT, "iris", 1, show_pending=True)
    assert (await registry.versions.list(PROJECT, "iris", Window(), show_pending=True)).items == [pending]
    assert (pending.file_count, pending.size_bytes) == (1, 7)


async def test_finalising_makes_a_version_the_latest(registry: Registry):
    before = await registry.models.create(new_model(), creator=WHO)
    first, second = [await registry.versions.create(new_version(), creator=WHO) for _ in range(2)]
    for version in (first, second):
        await upload(registry, version, b"content")
    ready = await registry.versions.finalize(PROJECT, "iris", second.number)
    assert (ready.state, ready.id, ready.file_count) == (State.READY, second.id, 1)
    assert ready.etag != second.etag
    model = await registry.models.get(PROJECT, "iris")
    assert (model.latest_version, model.update_time) == (2, ready.update_time)
    assert model.etag != before.etag
    assert await registry.versions.get(PROJECT, "iris", 0) == ready
    await registry.versions.finalize(PROJECT, "iris", first.number)
    assert await registry.models.get(PROJECT, "iris") == model  # an older number does not become the latest
    assert [version.number for version in (await registry.versions.list(PROJECT, "iris", Window())).items] == [2, 1]


async def test_finalising_again_changes_nothing(registry: Registry):
    ready = await ready_version(registry, {"model.joblib": b"content"})
    assert await registry.versions.finalize(PROJECT, "iris", 1) == ready
    assert await registry.versions.get(PROJECT, "iris", 1) == ready


async def test_an_incomplete_version_is_not_finalised(registry: Registry):
    version = await pending_version(registry)
    with pytest.raises(FailedPrecondition) as caught:
        await registry.versions.finalize(PROJECT, "iris", 1)
    assert caught.value.reason == "VERSION_HAS_NO_FILES"
    await upload(registry, version, b"content")
    await registry.files.begin(PROJECT, "iris", 1, file_of(b"more", "more.txt"))
    with pytest.raises(FailedPrecondition) as caught:
        await registry.versions.finalize(PROJECT, "iris", 1)
    assert caught.value.reason == "UPLOAD_NOT_COMMITTED"
    assert "more.txt" in str(caught.value)
    with pytest.raises(NotFound):
        await registry.versions.finalize(PROJECT, "iris", 2)


async def test_versions_are_listed_newest_first_page_by_page(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    for number in (3, 1, 12, 2, 9):
        await registry.versions.create(new_version(number), creator=WHO)
    seen, after, more = [], None, True
    while more:
        page = await registry.versions.list(PROJECT, "iris", Window(size=2, after=after), show_pending=True)
        seen += [version.number for version in page.items]
        after, more = ("iris", seen[-1]), page.more
    assert seen == [12, 9, 3, 2, 1]
