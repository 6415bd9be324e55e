import os
import signal
import threading

import pytest

import servery
from servery.client import _crew, _transfer
from servery.errors import (
    AlreadyExists,
    DataLoss,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Unavailable,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Attempts follow each other at once."""
    monkeypatch.setattr(_transfer.Patience.__init__, "__kwdefaults__", {"failures": 4, "sleep": lambda _: None})
    monkeypatch.setattr(_crew.Crew, "sleep", lambda self, _: self.check())


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_folder_comes_back_as_it_was(client, stack, folder, tmp_path):
    version = client.push(folder, name="iris", framework="sklearn", metrics={"accuracy": 0.97}, description="first")
    assert (version.model, version.version, version.state) == ("iris", 1, "READY")
    assert (version.file_count, version.framework, version.metrics) == (3, "sklearn", {"accuracy": 0.97})
    assert client.pull("iris", to=tmp_path / "back") == tmp_path / "back"
    assert content(tmp_path / "back") == content(folder)
    assert [file.path for file in client.files.list("iris")] == ["empty", "model.bin", "sub/config.json"]


def test_a_single_file_and_a_number_of_ones_own(client, folder, tmp_path, monkeypatch):
    assert client.push(folder / "model.bin", name="one", framework="onnx", version=7).version == 7
    monkeypatch.chdir(tmp_path)
    assert str(client.pull("one", 7)) == "one-7"
    assert list(content(tmp_path / "one-7")) == ["model.bin"]
    with pytest.raises(AlreadyExists):
        client.push(folder, name="one", framework="onnx", version=7)


def test_an_upload_goes_on_where_it_was_broken_off(client, stack, folder, tmp_path):
    stack.registry.break_write_at = [100, 1_500_000, 1_500_001, 3_000_000]
    client.push(folder, name="iris", framework="sklearn")
    assert stack.registry.write_offsets("model.bin")[:5] == [0, 100, 1_500_000, 1_500_001, 3_000_000]
    assert content(client.pull("iris", to=tmp_path / "back")) == content(folder)


def test_an_upload_without_progress_ends_and_shows_nothing(client, stack, folder):
    stack.registry.break_write_at = [1000] * 50
    with pytest.raises(Unavailable, match="stopping"):
        client.push(folder, name="iris", framework="sklearn")
    assert len(stack.registry.write_offsets("model.bin")) == 5  # one with progress, four without
    assert list(client.versions.list("iris")) == []
    assert [version.state for version in client.versions.list("iris", show_pending=True)] == ["PENDING"]
    with pytest.raises(NotFound):
        client.versions.get("iris")


def test_a_registry_that_lost_bytes_is_asked_where_it_is(client, stack, folder, tmp_path):
    def forget(progress):
        if progress.stage == "send" and progress.file_done == 2 << 20 and not forgotten:
            forgotten.append(True)
            stack.registry.written["model.bin"].wait(5)
            upload = next(each for each in stack.registry.uploads.values() if each.message.file.path == "model.bin")
            del upload.data[1000:]
            upload.message.received_bytes = 1000

    forgotten: list[bool] = []
    client.push(folder, name="iris", framework="sklearn", progress=forget)
    assert forgotten
    assert 1000 in stack.registry.write_offsets("model.bin")
    assert content(client.pull("iris", to=tmp_path / "back")) == content(folder)


def test_a_download_goes_on_where_it_was_broken_off(client, stack, folder, tmp_path):
    client.push(folder, name="iris", framework="sklearn")
    stack.registry.break_read_at = [100_000, 2_000_000]
    assert content(client.pull("iris", to=tmp_path / "back")) == content(folder)
    assert sorted({*stack.registry.read_offsets("model.bin")}) == [0, 100_000, 2_000_000]


def test_a_registry_that_is_restarted_in_the_middle_is_waited_for(client, stack, folder, tmp_path):
    server = stack.servers["registry"]
    client.push(folder, name="iris", framework="sklearn")
    restarts: list[bool] = []

    def restart(progress):
        if progress.file_done > 1_000_000 and not restarts:
            restarts.append(True)
            server.stop()
            server.start()

    assert content(client.pull("iris", to=tmp_path / "back", progress=restart)) == content(folder)
    assert restarts


def test_what_is_there_already_is_not_fetched_again(client, stack, folder, tmp_path):
    client.push(folder, name="iris", framework="sklearn")
    client.pull("iris", to=tmp_path / "back")
    fetched = len(stack.registry.reads)
    (tmp_path / "back" / "sub/config.json").write_bytes(b'{"a": 2}')
    client.pull("iris", to=tmp_path / "back")
    assert len(stack.registry.reads) == fetched
    assert content(tmp_path / "back") == content(folder)


def test_damaged_bytes_never_get_their_name(client, stack, folder, tmp_path):
    client.push(folder, name="iris", framework="sklearn")
    stack.registry.damaged.add("model.bin")
    with pytest.raises(DataLoss, match=r"model\.bin are not those of its digest"):
        client.pull("iris", to=tmp_path / "back")
    assert "model.bin" not in content(tmp_path / "back")


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "a\\..\\evil"])
def test_a_registry_cannot_write_outside_of_the_folder(client, stack, folder, tmp_path, path):
    client.push(folder, name="iris", framework="sklearn")
    stack.registry.files["default", "iris", 1] = {path: b"evil"}
    with pytest.raises(DataLoss, match="outside of the folder"):
        client.pull("iris", to=tmp_path / "deep" / "back")
    assert [file for file in content(tmp_path) if "evil" in file] == []


def test_a_file_where_a_folder_is_needed_says_what_to_do(client, folder, tmp_path):
    client.push(folder, name="iris", framework="sklearn")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "sub").write_text("in the way")
    with pytest.raises(FailedPrecondition, match="pull into an empty folder"):
        client.pull("iris", to=tmp_path / "back")


def test_a_file_that_changes_after_its_digest_is_refused(client, folder):
    def change(progress):
        if progress.stage == "hash" and progress.path == "sub/config.json":
            (folder / "model.bin").write_bytes(bytes(3_072_000))

    with pytest.raises(FailedPrecondition, match=r"model\.bin changed while it was being pushed"):
        client.push(folder, name="iris", framework="sklearn", progress=change)


def test_a_file_that_shrinks_after_its_digest_is_refused(client, folder):
    def change(progress):
        if progress.stage == "hash" and progress.path == "sub/config.json":
            (folder / "model.bin").write_bytes(b"short")

    with pytest.raises(FailedPrecondition, match=r"model\.bin changed while it was being pushed"):
        client.push(folder, name="iris", framework="sklearn", progress=change)


def test_what_a_progress_function_raises_comes_out(client, folder):
    def fail(progress):
        if progress.stage == "send":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        client.push(folder, name="iris", framework="sklearn", progress=fail)


def test_content_that_is_there_is_not_sent_again(client, stack, folder):
    client.push(folder, name="iris", framework="sklearn")
    sent = len(stack.registry.writes)
    assert client.push(folder, name="iris", framework="sklearn").version == 2
    assert len(stack.registry.writes) == sent


def test_progress_counts_every_byte_once(client, folder, tmp_path):
    seen: list[servery.Progress] = []
    client.push(folder, name="iris", framework="sklearn", progress=seen.append)
    client.pull("iris", to=tmp_path / "back", progress=seen.append)
    total = sum(len(data) for data in content(folder).values())
    for stage in ("hash", "send", "receive"):
        done = [each.total_done for each in seen if each.stage == stage]
        assert done == sorted(done)
        assert done[-1] == total == seen[-1].total_size


def test_what_is_wrong_is_found_before_anything_is_created(client, stack, folder, tmp_path):
    with pytest.raises(InvalidArgument, match="framework 'keras' is not known"):
        client.push(folder, name="iris", framework="keras")
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidArgument, match="symlink"):
        client.push(folder, name="iris", framework="sklearn")
    assert stack.registry.models == {}


def test_ctrl_c_leaves_nothing_to_be_seen_and_an_upload_that_goes_on(client, stack, folder):
    assert threading.current_thread() is threading.main_thread()

    def interrupt(progress):
        if progress.stage == "send" and progress.file_done > 1_000_000:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        client.push(folder, name="iris", framework="sklearn", progress=interrupt)
    assert list(client.versions.list("iris")) == []
    sent = len(stack.registry.writes)
    assert client.push(folder, name="iris", framework="sklearn").version == 1
    assert min(offset for path, offset in stack.registry.writes[sent:] if path == "model.bin") > 0
    assert client.push(folder, name="iris", framework="sklearn").version == 2


def test_lists_are_read_page_by_page(client, stack):
    stack.registry.largest_page = 3
    for number in range(7):
        client.models.create(f"m{number}", description=f"number {number}")
    models = client.models.list()
    assert next(models).name == "m0"
    assert len(stack.registry.lists) == 1
    assert [model.name for model in models] == [f"m{number}" for number in range(1, 7)]
    assert len(stack.registry.lists) == 3


def test_projects_are_apart(stack, folder):
    with stack.connect(project="mine") as client:
        client.push(folder, name="iris", framework="sklearn")
        assert client.models.get("iris").project == "mine"
    with stack.connect() as client, pytest.raises(NotFound) as caught:
        client.models.get("iris")
    assert (caught.value.reason, caught.value.resource_name) == ("MODEL_NOT_FOUND", "iris")
