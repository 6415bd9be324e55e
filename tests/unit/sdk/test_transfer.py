import pytest

from servery.client._transfer import MAX_FAILURES, Patience
from servery.errors import DeadlineExceeded, NotFound, Unavailable


def test_patience_waits_longer_each_time_and_ends():
    waits: list[float] = []
    patience = Patience(sleep=waits.append)
    for _ in range(MAX_FAILURES - 1):
        patience.after(Unavailable("away"))
    with pytest.raises(Unavailable):
        patience.after(Unavailable("away"))
    assert len(waits) == MAX_FAILURES - 1
    assert waits[0] < waits[1] < waits[2] <= waits[-1] * 1.5
    assert max(waits) <= 1.2


def test_progress_gives_new_patience():
    patience = Patience(failures=2, sleep=lambda _: None)
    for _ in range(5):
        patience.after(DeadlineExceeded("slow"))
        patience.progressed()


def test_what_trying_again_cannot_cure_is_raised_at_once():
    with pytest.raises(NotFound):
        Patience(sleep=lambda _: pytest.fail("must not wait")).after(NotFound("gone"))


def test_a_service_that_says_when_to_come_back_is_believed_within_reason():
    waits: list[float] = []
    patience = Patience(sleep=waits.append)
    patience.after(Unavailable("busy", retry_after_s=10))
    patience.after(Unavailable("busy", retry_after_s=10_000))
    assert 8 <= waits[0] <= 12
    assert waits[1] <= 36


def test_a_step_is_run_until_it_succeeds():
    answers = iter([Unavailable("away"), Unavailable("away"), 7])

    def step():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert Patience(sleep=lambda _: None).run(step) == 7
