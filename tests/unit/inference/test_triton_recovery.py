"""Recovery of a lost model, with attempts that fail."""

import asyncio

from servery.errors import Unavailable
from servery_inference.backends._triton import recovery
from servery_inference.backends._triton.answers import Fault
from servery_inference.backends._triton.recovery import Recovery


async def test_attempts_are_repeated_until_one_succeeds(monkeypatch):
    monkeypatch.setattr(recovery, "FIRST_PAUSE_S", 0.0)
    attempts, done = [], asyncio.Event()

    async def attempt(fault: Fault) -> None:
        attempts.append(fault)
        if len(attempts) < 3:
            raise Unavailable(f"try {len(attempts)}")
        done.set()

    it = Recovery("m", attempt)
    it.begin(Fault.LOST, "not found")
    it.begin(Fault.AWAY, "away")  # one is running
    await asyncio.wait_for(done.wait(), 5)
    await it.stop()
    assert attempts == [Fault.LOST] * 3
    assert str(it.setback) == "try 2"
    assert not it.running


async def test_it_can_be_stopped_in_the_middle_of_an_attempt():
    begun = asyncio.Event()

    async def attempt(_fault: Fault) -> None:
        begun.set()
        await asyncio.Event().wait()

    it = Recovery("m", attempt)
    it.begin(Fault.AWAY, "away")
    await asyncio.wait_for(begun.wait(), 5)
    assert it.running
    await it.stop()
    assert not it.running


async def test_stopping_without_a_recovery_is_nothing():
    async def attempt(_fault: Fault) -> None:
        raise AssertionError

    await Recovery("m", attempt).stop()
