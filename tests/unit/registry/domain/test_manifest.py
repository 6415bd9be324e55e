import hashlib
import random
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from servery_registry.domain.file import File, path_problem
from servery_registry.domain.manifest import manifest_sha256

PATHS = st.text(alphabet="abAB01_.+=@ -/", min_size=1, max_size=12).filter(lambda path: path_problem(path) is None)
FILES = st.dictionaries(PATHS, st.binary(max_size=8), min_size=1, max_size=8)


def files_of(contents: dict[str, bytes]) -> list[File]:
    return [
        File(path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        for path, content in contents.items()
    ]


def test_the_tools_of_a_shell_compute_the_same_digest(tmp_path):
    contents = {"b": b"2", "a/z": b"1", "a b.txt": b"", "B": b"x" * 100_000, "a.b": b"3", "a/b/c": b"4"}
    for path, content in contents.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    script = (
        "find . -type f -printf '%P\\n' | LC_ALL=C sort | while IFS= read -r path; do"
        ' echo "$(sha256sum < "$path" | cut -d" " -f1) $(stat -c %s "$path") $path"; done | sha256sum'
    )
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert manifest_sha256(files_of(contents)) == done.stdout.split()[0]


def test_no_files_have_the_digest_of_nothing():
    assert manifest_sha256([]) == hashlib.sha256(b"").hexdigest()


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(contents, order: random.Random):
    files = files_of(contents)
    shuffled = order.sample(files, len(files))
    assert manifest_sha256(shuffled) == manifest_sha256(files)


@given(FILES, FILES)
def test_other_files_have_another_digest(one, other):
    assert (manifest_sha256(files_of(one)) == manifest_sha256(files_of(other))) == (one == other)
