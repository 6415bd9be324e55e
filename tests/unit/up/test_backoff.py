import pytest

from servery_up.backoff import Backoff


@pytest.mark.parametrize(
    ("lives", "waits"),
    [
        pytest.param([60.0], [0.0], id="the first death is answered at once"),
        pytest.param([0.1], [0.0], id="however soon it comes"),
        pytest.param(
            [60.0] + [0.1] * 7, [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0], id="a crash loop slows down to 10 s"
        ),
        pytest.param([0.1, 0.1, 0.1, 5.0, 0.1], [0.0, 0.5, 1.0, 0.0, 0.5], id="5 s of life make it well again"),
    ],
)
def test_waits_before_a_restart(lives, waits):
    backoff = Backoff()
    assert [backoff.after(lived) for lived in lives] == waits


def test_a_loop_of_weeks_keeps_its_longest_wait():
    backoff = Backoff()
    assert [backoff.after(0.0) for _ in range(5000)][-1] == 10.0
