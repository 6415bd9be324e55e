"""The stack in this process, where a test can give it less time."""

import io

import pytest

from servery_up.output import Output
from servery_up.stack import NotHealthy, Stack
from tests.fakes.launcher_process import NAMES, program
from tests.integration.up.conftest import alive


async def test_those_that_do_not_answer_in_time_are_named_and_none_is_left(free):
    well, silent, crashing = free(3)
    programs = [program("one", well), program("two", silent, "silent"), program("three", crashing, "crashing")]
    stream = io.StringIO()
    seen = []
    with pytest.raises(NotHealthy, match=rf"two \({silent}\), three \({crashing}\)"):
        async with Stack(programs, Output(stream, NAMES, colour=False), seen.append) as stack:
            await stack.healthy(within_s=4.0)
    assert "three exited with status 1; starting it again in 0.5 s" in stream.getvalue()
    pids = {pid for services in seen for _, pid in services.values() if pid}
    assert len(pids) >= 4
    assert not any(alive(pid) for pid in pids)
