"""What was broken off goes on, and what is there already is not moved again."""

import json
import os
from threading import Lock

import pytest

import servery
from servery.client import _cache, _crew
from servery.errors import DataLoss, FailedPrecondition, InvalidArgument, ServeryError


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_crew.Crew, "sleep", lambda self, _: self.check())


class Enough(Exception):
    """Stands for the user who gives up."""


def give_up(progress):
    if progress.stage != "hash" and progress.path == "model.bin" and progress.file_done > 1_000_000:
        raise Enough


def push(client, folder, **more):
    return client.push(folder, **{"name": "iris", "framework": "sklearn", **more})


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def blobs(home):
    return sorted(path.name for path in home.glob("servery/blobs/*/*"))


@pytest.fixture
def broken_off(client, folder):
    with pytest.raises(Enough):
        push(client, folder, progress=give_up)


def states(client):
    return [(each.version, each.state) for each in client.versions.list("iris", show_pending=True)]


def test_the_same_push_goes_on_with_its_version(stack, broken_off, folder):
    with stack.connect() as another:
        assert push(another, folder, tags={"a": 1}, aliases=["champion"]).version == 1
        assert states(another) == [(1, "READY")]
    assert max(stack.registry.write_offsets("model.bin")) > 0


@pytest.mark.parametrize("change", [{"metrics": {"a": 1}}, {"description": "other"}, {"input_example": [1]}])
def test_a_push_with_other_metadata_makes_a_version_of_its_own(client, broken_off, folder, change):
    assert push(client, folder, **change).version == 2
    assert states(client) == [(2, "READY"), (1, "PENDING")]


def test_a_push_of_other_files_makes_a_version_of_its_own(client, broken_off, folder):
    (folder / "empty").write_bytes(b"no more")
    assert push(client, folder).version == 2


def test_a_push_whose_version_was_deleted_begins_anew(client, broken_off, folder):
    client.versions.delete("iris", 1)
    assert push(client, folder).state == "READY"


def test_a_push_that_is_a_day_old_begins_anew(client, broken_off, folder, cache_home):
    (record,) = cache_home.glob("servery/pushes/*")
    record.write_text(json.dumps({**json.loads(record.read_text()), "begun": 0}))
    assert push(client, folder).version == 2


def test_a_record_that_is_damaged_is_no_obstacle(client, broken_off, folder, cache_home):
    (record,) = cache_home.glob("servery/pushes/*")
    record.write_text("nonsense")
    assert push(client, folder).version == 2


def test_two_of_the_same_at_once_do_not_share_a_version(client, stack, folder):
    others = []

    def push_again(progress):
        if progress.stage == "send" and not others:
            others.append(None)
            with stack.connect() as other:
                others.append(push(other, folder).version)

    assert push(client, folder, progress=push_again).version == 1
    assert others == [None, 2]


def test_a_push_that_failed_after_its_files_sets_what_is_missing(client, folder):
    client.tags.schemas.set("team", {"type": "string"})
    with pytest.raises(InvalidArgument, match="team is no string"):
        push(client, folder, tags={"team": 1})
    made = push(client, folder, tags={"team": "vision"}, aliases=["champion"])
    assert (made.version, made.tags, made.aliases) == (1, {"team": "vision"}, ("champion",))


def test_without_a_cache_a_push_begins_anew(client, folder, monkeypatch, cache_home):
    monkeypatch.setenv("SERVERY_CACHE_BYTES", "0")
    with pytest.raises(Enough):
        push(client, folder, progress=give_up)
    assert push(client, folder).version == 2
    client.pull("iris", to=folder.parent / "back")
    assert content(folder.parent / "back") == content(folder)
    assert list(cache_home.rglob("*")) == []


def test_a_broken_off_pull_goes_on_where_it_was(client, stack, folder, tmp_path):
    push(client, folder)
    with pytest.raises(Enough):
        client.pull("iris", to=tmp_path / "back", progress=give_up)
    assert "model.bin" not in content(tmp_path / "back")
    client.pull("iris", to=tmp_path / "elsewhere")
    assert content(tmp_path / "elsewhere") == content(folder)
    assert [offset > 1_000_000 for offset in stack.registry.read_offsets("model.bin")] == [False, True]


def test_a_damaged_rest_of_a_pull_is_fetched_anew(client, stack, folder, tmp_path, cache_home):
    push(client, folder)
    with pytest.raises(Enough):
        client.pull("iris", to=tmp_path / "back", progress=give_up)
    part = max(cache_home.glob("servery/parts/*"), key=lambda path: path.stat().st_size)
    part.write_bytes(bytes(part.stat().st_size))
    assert content(client.pull("iris", to=tmp_path / "back")) == content(folder)
    assert stack.registry.read_offsets("model.bin")[-1] == 0


def test_what_this_machine_has_is_not_fetched_again(client, stack, folder, tmp_path, cache_home):
    push(client, folder)
    client.pull("iris", to=tmp_path / "first")
    fetched = list(stack.registry.reads)
    assert content(client.pull("iris", to=tmp_path / "second")) == content(folder)
    assert stack.registry.reads == fetched
    assert len(blobs(cache_home)) == 3


def test_a_pulled_file_is_ones_own(client, folder, tmp_path):
    push(client, folder)
    client.pull("iris", to=tmp_path / "first")
    with (tmp_path / "first" / "model.bin").open("r+b") as file:
        file.write(b"changed")
    assert content(client.pull("iris", to=tmp_path / "second")) == content(folder)


def test_a_damaged_content_of_the_cache_is_dropped_and_fetched(client, folder, tmp_path, cache_home):
    push(client, folder)
    client.pull("iris", to=tmp_path / "first")
    for path in cache_home.glob("servery/blobs/*/*"):
        path.write_bytes(bytes(path.stat().st_size))
    assert content(client.pull("iris", to=tmp_path / "second")) == content(folder)


def test_the_cache_keeps_its_limit_and_what_was_used_last(client, folder, tmp_path, monkeypatch, cache_home):
    monkeypatch.setenv("SERVERY_CACHE_BYTES", "2500")
    for number in range(4):
        (folder / f"{number}").write_bytes(bytes([number]) * 1000)
    push(client, folder)
    client.pull("iris", to=tmp_path / "first")
    kept = list(cache_home.glob("servery/blobs/*/*"))
    assert sum(path.stat().st_size for path in kept) <= 2500
    assert content(tmp_path / "first") == content(folder)
    assert not any(path.stat().st_size > 2500 for path in kept)
    old, new = (path for path in kept if path.stat().st_size == 1000)
    os.utime(old, (1, 1))
    _cache.Cache(cache_home / "servery", 1100).trim()
    assert new.exists()
    assert not old.exists()


def test_a_cache_that_cannot_be_written_is_done_without(client, folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SERVERY_CACHE", str(tmp_path / "file"))
    assert push(client, folder).version == 1
    assert content(client.pull("iris", to=tmp_path / "back")) == content(folder)


def test_a_limit_that_is_no_number_is_refused(client, folder, monkeypatch):
    monkeypatch.setenv("SERVERY_CACHE_BYTES", "10G")
    with pytest.raises(InvalidArgument, match="must be a number of bytes, not '10G'"):
        push(client, folder)


def test_a_registry_cannot_name_a_file_of_the_cache_by_a_digest(client, stack, folder, tmp_path, monkeypatch):
    push(client, folder)
    listed = stack.registry._page

    def evil(found, request):
        page, token = listed(found, request)
        for file in page:
            file.sha256 = "../../evil"
        return page, token

    monkeypatch.setattr(stack.registry, "_page", evil)
    with pytest.raises(DataLoss, match="gives no digest"):
        client.pull("iris", to=tmp_path / "back")


def test_files_are_under_way_at_once_and_no_more_than_asked(client, folder, tmp_path):
    for number in range(9):
        (folder / f"{number}").write_bytes(bytes([number]) * 3_000_000)
    lock, running, most = Lock(), set(), []

    def watch(progress: servery.Progress):
        with lock:
            running.add(progress.path)
            if progress.file_done == progress.file_size:
                running.discard(progress.path)
            most.append(len(running))

    client.push(folder, name="iris", framework="sklearn", parallel=3, progress=watch)
    assert content(client.pull("iris", to=tmp_path / "back", parallel=4)) == content(folder)
    assert 2 <= max(most) <= 4  # one may have begun before the caller is told that another has ended
    with pytest.raises(InvalidArgument, match="parallel must be 1 to 32"):
        client.push(folder, name="iris", framework="sklearn", parallel=0)


def test_the_first_failure_is_the_one_that_is_told(client, folder):
    def change(progress):
        if progress.stage == "send" and progress.path == "sub/config.json":
            raise FailedPrecondition("first")

    with pytest.raises(ServeryError, match="first"):
        push(client, folder, progress=change)
