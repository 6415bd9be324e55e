import hashlib
import os

import pytest

from servery.client._folder import digest, find
from servery.client._transfer import Progress, Tally
from servery.errors import FailedPrecondition, InvalidArgument


def test_a_folder_is_walked_in_order_with_posix_paths(tmp_path):
    for path in ("b.txt", "a/z.bin", "a/b/c.bin", "a.txt", ".hidden"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    assert [file.path for file in find(tmp_path)] == [".hidden", "a.txt", "a/b/c.bin", "a/z.bin", "b.txt"]


def test_a_single_file_is_a_model(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"123")
    assert [(file.path, file.size_bytes) for file in find(tmp_path / "model.onnx")] == [("model.onnx", 3)]


def make_link(path):
    (path / "model").symlink_to(path)


def make_dangling_link(path):
    (path / "model").symlink_to(path / "gone")


def make_pipe(path):
    os.mkfifo(path / "model")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (make_link, "is a symlink"),
        (make_dangling_link, "is a symlink"),
        (make_pipe, "is neither a file nor a folder"),
        (lambda path: None, "holds no file"),
        (lambda path: path.rmdir(), "does not exist"),
    ],
)
def test_what_cannot_be_pushed_is_refused_with_its_path(tmp_path, make, says):
    folder = tmp_path / "folder"
    folder.mkdir()
    make(folder)
    with pytest.raises(InvalidArgument, match=says) as caught:
        find(folder)
    assert str(folder) in str(caught.value)


def test_a_folder_that_is_a_symlink_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(InvalidArgument, match="is a symlink"):
        find(tmp_path / "link")


def test_a_digest_is_taken_while_reading_and_counted(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "model").write_bytes(content)
    seen: list[Progress] = []
    file = digest(find(tmp_path)[0], Tally("hash", len(content), seen.append))
    assert (file.sha256, file.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert [each.total_done for each in seen] == [1 << 20, 2 << 20, len(content), len(content)]


def test_a_file_that_grows_meanwhile_is_refused(tmp_path):
    (tmp_path / "model").write_bytes(b"1")
    found = find(tmp_path)[0]
    (tmp_path / "model").write_bytes(b"12")
    with pytest.raises(FailedPrecondition, match="changed while it was being pushed"):
        digest(found, Tally("hash", 1, None))
