import pytest

from servery_up.spawn import described


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-9, "was ended by SIGKILL"),
        (-11, "was ended by SIGSEGV"),
        (-250, "was ended by signal 250"),
    ],
)
def test_an_exit_status_in_words(status, words):
    assert described(status) == words
