import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery_registry.domain.file import MAX_PATH, is_sha256, path_problem

ALLOWED = string.ascii_letters + string.digits + "_.+=@ -"
segments = st.text(ALLOWED, min_size=1, max_size=255).filter(
    lambda text: not text.startswith(" ") and not text.endswith((" ", "."))
)
paths = st.lists(segments, min_size=1, max_size=4).map("/".join).filter(lambda path: len(path) <= MAX_PATH)

HOSTILE = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "...",
    "a.",
    "a./b",
    " a",
    "a ",
    "a/ b",
    " ",
    "a\\b",
    "..\\a",
    "C:\\a",
    "C:/a",
    "%2e%2e/a",
    "a%00",
    "a\0b",
    "a\n",
    "a\nb",
    "\ta",
    "a\x7f",
    "~/a:b",
    "a*",
    "größe",
    "a\u2044b",
    "\uff0e\uff0e/a",
    "a\u202eb",
    "x" * 256,
    "x" * 10_000,
    "/".join(["x" * 100] * 11),
    "a/b\r",
]


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: repr(path)[:30])
def test_a_hostile_path_is_refused(path):
    assert path_problem(path)


@pytest.mark.parametrize(
    "path", ["a", "model.joblib", "1/model.onnx", ".hidden", "a b/c", "..a", "x" * 255, "v1+cu12=@-_.bin"]
)
def test_a_plain_path_is_fine(path):
    assert path_problem(path) is None


def test_the_longest_path_is_fine_and_one_more_is_not():
    longest = "/".join(["x" * 204] * 4 + ["y" * 204])
    assert len(longest) == MAX_PATH
    assert path_problem(longest) is None
    assert path_problem(longest + "y")


@given(paths)
def test_every_path_of_the_grammar_is_fine(path):
    assert path_problem(path) is None


@given(st.text(max_size=40))
def test_a_path_that_is_fine_stays_below_its_root_whoever_reads_it(path):
    if path_problem(path) is None:
        assert path.isascii()
        assert path.isprintable()
        assert not set(path) & set('\\%:*?"<>|~')
        for segment in path.split("/"):
            assert segment not in ("", ".", "..")
            assert segment == segment.strip(" ").rstrip(".")


@given(paths, st.characters(exclude_characters=ALLOWED + "/"), st.data())
def test_one_foreign_character_spoils_a_path(path, character, data):
    where = data.draw(st.integers(0, len(path)))
    assert path_problem(path[:where] + character + path[where:])


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("0123456789abcdef" * 4, True),
        ("0123456789ABCDEF" * 4, False),
        ("0123456789abcdef" * 4 + "\n", False),
        ("0123456789abcdef" * 3, False),
        ("g" * 64, False),
        ("٠" * 64, False),
        ("", False),
    ],
)
def test_a_digest_has_one_form(text, right):
    assert is_sha256(text) is right
