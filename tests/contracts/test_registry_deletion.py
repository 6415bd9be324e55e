"""What the registry does when versions and models are deleted, whichever way it is run."""

import asyncio
from datetime import timedelta

import pytest

from servery.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound
from servery_registry.domain.listing import Window
from servery_registry.domain.version import Version
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import (
    PROJECT,
    WHO,
    content_of,
    file_of,
    new_model,
    new_request_id,
    new_version,
    pending_version,
    pieces_of,
    ready_version,
    upload,
)

USER = "deployment default/iris revision 1"


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


async def another(registry: Registry, content: bytes = b"content") -> Version:
    version = await registry.versions.create(new_version(), creator=WHO)
    await upload(registry, version, content)
    return await registry.versions.finalize(PROJECT, "iris", version.number)


async def test_a_deleted_version_is_gone_with_its_files(registry: Registry):
    await ready_version(registry, {"a": b"1", "b/c": b"2"})
    await registry.versions.delete(PROJECT, "iris", 1)
    for call in (
        registry.versions.get(PROJECT, "iris", 1, show_pending=True),
        registry.versions.get(PROJECT, "iris", 0),
        registry.versions.finalize(PROJECT, "iris", 1),
        registry.versions.delete(PROJECT, "iris", 1),
        registry.files.list(PROJECT, "iris", 1, Window()),
        registry.files.download(PROJECT, "iris", 1, "a"),
        registry.files.begin(PROJECT, "iris", 1, file_of(b"1")),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.reason == "VERSION_NOT_FOUND"
    assert not (await registry.versions.list(PROJECT, "iris", Window(), show_pending=True)).items


async def test_the_latest_is_the_next_lower_one_that_is_ready(registry: Registry):
    await ready_version(registry, {"model.joblib": b"content"})
    for _ in range(2):
        await another(registry)
    await registry.versions.create(new_version(), creator=WHO)  # 4, pending
    before = await registry.models.get(PROJECT, "iris")
    await registry.versions.delete(PROJECT, "iris", 2)
    assert await registry.models.get(PROJECT, "iris") == before
    await registry.versions.delete(PROJECT, "iris", 3)
    after = await registry.models.get(PROJECT, "iris")
    assert after.latest_version == 1
    assert after.etag != before.etag
    assert (await registry.versions.get(PROJECT, "iris", 0)).number == 1
    await registry.versions.delete(PROJECT, "iris", 1)
    assert (await registry.models.get(PROJECT, "iris")).latest_version == 0


async def test_the_number_of_a_deleted_version_is_never_used_again(registry: Registry):
    await pending_version(registry)
    await registry.versions.delete(PROJECT, "iris", 1)
    assert (await registry.versions.create(new_version(), creator=WHO)).number == 2


async def test_a_deleted_upload_is_gone_and_its_version_takes_no_more_bytes(registry: Registry):
    await pending_version(registry)
    begun = await registry.files.begin(PROJECT, "iris", 1, file_of(b"content"))
    await registry.files.write(begun.upload_id, pieces_of(b"con"))
    await registry.versions.delete(PROJECT, "iris", 1)
    for call in (
        registry.files.get_upload(begun.upload_id),
        registry.files.write(begun.upload_id, pieces_of(b"content", 3)),
        registry.files.commit(begun.upload_id),
    ):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.reason == "UPLOAD_NOT_FOUND"


async def test_what_another_version_has_too_stays(registry: Registry):
    await ready_version(registry, {"model.joblib": b"content"})
    second = await another(registry, b"content")
    await registry.versions.delete(PROJECT, "iris", 1)
    await registry.storage.collect(grace=timedelta())
    assert await content_of(registry, second) == b"content"


async def test_only_the_form_that_was_read_is_deleted_when_it_is_named(registry: Registry):
    pending = await pending_version(registry)
    await upload(registry, pending, b"content")
    ready = await registry.versions.finalize(PROJECT, "iris", 1)
    with pytest.raises(Aborted) as caught:
        await registry.versions.delete(PROJECT, "iris", 1, etag=pending.etag)
    assert caught.value.reason == "ETAG_MISMATCH"
    await registry.versions.delete(PROJECT, "iris", 1, etag=ready.etag)


async def test_a_version_in_use_is_not_deleted_and_the_users_are_named(registry: Registry):
    ready = await ready_version(registry, {"model.joblib": b"content"})
    users = [f"deployment default/iris revision {n}" for n in range(1, 6)]
    for user in (*reversed(users), users[0]):
        await registry.pins.pin(PROJECT, "iris", 1, user)
    with pytest.raises(FailedPrecondition) as caught:
        await registry.versions.delete(PROJECT, "iris", 1)
    assert caught.value.reason == "VERSION_IN_USE"
    assert all(user in str(caught.value) for user in users[:3])
    assert "2 more" in str(caught.value)
    named = {f"user_{place}": user for place, user in enumerate(users, start=1)}
    assert caught.value.metadata == {"user_count": "5", **named}
    assert await registry.versions.get(PROJECT, "iris", 1) == ready
    for user in users:
        await registry.pins.unpin(PROJECT, "iris", 1, user)
    await registry.versions.delete(PROJECT, "iris", 1)


async def test_pins_outlast_a_restart(runner: Runner):
    async with runner.open() as registry:
        await ready_version(registry, {"model.joblib": b"content"})
        await registry.pins.pin(PROJECT, "iris", 1, USER)
    async with runner.open() as registry:
        with pytest.raises(FailedPrecondition):
            await registry.versions.delete(PROJECT, "iris", 1)


async def test_only_what_is_ready_can_be_pinned(registry: Registry):
    with pytest.raises(NotFound) as caught:
        await registry.pins.pin(PROJECT, "iris", 1, USER)
    assert caught.value.reason == "MODEL_NOT_FOUND"
    await pending_version(registry)
    for number in (1, 2):
        with pytest.raises(NotFound) as caught:
            await registry.pins.pin(PROJECT, "iris", number, USER)
        assert caught.value.reason == "VERSION_NOT_FOUND"


async def test_unpinning_what_is_not_there_is_well(registry: Registry):
    await registry.pins.unpin(PROJECT, "iris", 1, USER)
    await ready_version(registry, {"model.joblib": b"content"})
    for number in (1, 2):
        await registry.pins.unpin(PROJECT, "iris", number, USER)


async def test_of_a_pin_and_a_deletion_at_once_one_wins(registry: Registry):
    await ready_version(registry, {"model.joblib": b"content"})
    for _ in range(8):
        number = (await another(registry)).number
        pinned, deleted = await asyncio.gather(
            registry.pins.pin(PROJECT, "iris", number, USER),
            registry.versions.delete(PROJECT, "iris", number),
            return_exceptions=True,
        )
        if pinned is None:
            assert isinstance(deleted, FailedPrecondition)
            assert (await registry.versions.get(PROJECT, "iris", number)).number == number
        else:
            assert isinstance(pinned, NotFound)
            assert deleted is None


async def test_a_model_is_deleted_when_it_has_no_versions_left(registry: Registry):
    await pending_version(registry)
    with pytest.raises(FailedPrecondition) as caught:
        await registry.models.delete(PROJECT, "iris")
    assert (caught.value.reason, caught.value.metadata) == ("MODEL_HAS_VERSIONS", {"version": "1"})
    await registry.versions.delete(PROJECT, "iris", 1)
    await registry.models.delete(PROJECT, "iris")
    for call in (registry.models.get(PROJECT, "iris"), registry.models.delete(PROJECT, "iris")):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.reason == "MODEL_NOT_FOUND"
    await registry.models.create(new_model(), creator=WHO)


async def test_a_repeated_create_does_not_answer_with_a_namesake_of_what_was_deleted(registry: Registry):
    model_id, version_id = new_request_id(), new_request_id()
    await registry.models.create(new_model(), creator=WHO, request_id=model_id)
    await registry.versions.create(new_version(), creator=WHO, request_id=version_id)
    await registry.versions.delete(PROJECT, "iris", 1)
    await registry.models.delete(PROJECT, "iris")
    await registry.models.create(new_model(), creator=WHO)
    await registry.versions.create(new_version(), creator=WHO)
    with pytest.raises(NotFound):
        await registry.models.create(new_model(), creator=WHO, request_id=model_id)
    with pytest.raises(NotFound):
        await registry.versions.create(new_version(), creator=WHO, request_id=version_id)


async def test_of_a_new_version_and_the_deletion_of_its_model_one_wins(registry: Registry):
    for _ in range(8):
        await registry.models.create(new_model(), creator=WHO)
        made, deleted = await asyncio.gather(
            registry.versions.create(new_version(), creator=WHO),
            registry.models.delete(PROJECT, "iris"),
            return_exceptions=True,
        )
        if deleted is None:
            assert isinstance(made, NotFound)
        else:
            assert isinstance(deleted, FailedPrecondition)
            await registry.versions.delete(PROJECT, "iris", 1)
            await registry.models.delete(PROJECT, "iris")


@pytest.mark.parametrize("runner", ["remote"], indirect=True)
async def test_a_pin_needs_a_user_and_a_deletion_a_number(registry: Registry):
    for user in ("", "x" * 256, "a\0"):
        with pytest.raises(InvalidArgument) as caught:
            await registry.pins.pin(PROJECT, "iris", 1, user)
        assert caught.value.field == "user"
    with pytest.raises(InvalidArgument) as caught:
        await registry.versions.delete(PROJECT, "iris", 0)
    assert caught.value.field == "version"
