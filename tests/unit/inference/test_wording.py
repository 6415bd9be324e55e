import pytest

from servery_inference.domain.wording import first_line, named_line


@pytest.mark.parametrize(("said", "shown"), [
    ("Input X contains NaN.\nmore", "Input X contains NaN."),
    ('path: "/srv/secret/x" allowed: "/srv/v"', 'path: "x" allowed: "v"'),
    ("No such file: '/home/me/.servery/cache/model.bin'", "No such file: 'model.bin'"),
    ("a/b and 1/2 stay", "a/b and 1/2 stay"),
    ("", "ValueError"),
])  # fmt: skip
def test_the_first_line_is_shown_without_folders(said, shown):
    assert first_line(ValueError(said)) == shown
    assert named_line(ValueError(said)).startswith("ValueError")
