"""Start, restart and stop, over real processes."""

import os
import signal
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.integration.up.conftest import alive, until


def serving(address):
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.RpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.fixture
def three(launch, free):
    addresses = free(3)
    return launch(*(f"{address}=well" for address in addresses)).ready(), addresses


def test_when_it_says_ready_all_answer_and_the_record_says_where(three):
    launcher, addresses = three
    assert all(serving(address) for address in addresses)
    record = launcher.record
    assert record["pid"] == launcher.process.pid
    assert [each["address"] for each in record["services"].values()] == addresses
    assert all(alive(each["pid"]) for each in record["services"].values())


def test_log_lines_bear_the_name_of_their_process(three):
    launcher, addresses = three
    launcher.signal(signal.SIGTERM)
    launcher.exit_code()
    for name, address in zip(("one  ", "two  ", "three"), addresses, strict=True):
        assert f"{name} | SERVING: listening on {address}" in launcher.lines


def test_a_service_that_is_killed_answers_again_within_5_s(three):
    launcher, addresses = three
    old = launcher.pid("two")
    began = time.monotonic()
    os.kill(old, signal.SIGKILL)
    launcher.line("two was ended by SIGKILL; starting it again at once")
    until(lambda: serving(addresses[1]), "two answers again")
    assert time.monotonic() - began < 5
    launcher.line(r"two answers again after \d")
    assert launcher.pid("two") not in {old, None}


def test_one_that_keeps_dying_is_given_time(three):
    launcher, _ = three
    for when in ("at once", r"in 0\.5 s", "in 1 s"):
        os.kill(until(lambda: launcher.pid("one"), "one runs"), signal.SIGKILL)
        launcher.line(f"one was ended by SIGKILL; starting it again {when}")
        launcher.line("one answers again")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_all_the_last_one_first(three, number):
    launcher, _ = three
    pids = launcher.pids()
    launcher.signal(number)
    assert launcher.exit_code() == 0
    assert not any(alive(pid) for pid in pids)
    stopped = [line.split()[0] for line in launcher.lines if "NOT_SERVING: stopping" in line]
    assert stopped == ["three", "two", "one"]
    assert not (launcher.home / "run" / "up.json").exists()


def test_a_signal_during_the_start_stops_all(launch, free):
    silent, well = free(2)
    launcher = launch(f"{silent}=silent", f"{well}=well")
    pids = [int(launcher.line(r"pid (\d+)")[1]) for _ in range(2)]
    assert not (launcher.home / "run" / "up.json").exists()
    launcher.signal(signal.SIGINT)
    assert launcher.exit_code() == 0
    assert not any(alive(pid) for pid in pids)


def test_a_second_signal_kills_at_once(launch, free):
    launcher = launch(f"{free(1)[0]}=deaf").ready()
    pid = launcher.pid("one")
    began = time.monotonic()
    launcher.signal(signal.SIGINT)
    launcher.line("Ctrl-C again kills")
    launcher.signal(signal.SIGINT)
    assert launcher.exit_code() == 0
    assert time.monotonic() - began < 4
    assert not alive(pid)


def test_a_service_that_ignores_sigterm_is_killed_5_s_after_its_drain_time(launch, free):
    launcher = launch(f"{free(1)[0]}=deaf").ready()
    pid = launcher.pid("one")
    began = time.monotonic()
    launcher.signal(signal.SIGTERM)
    launcher.line("one does not stop; killing it")
    assert time.monotonic() - began >= 6
    assert launcher.exit_code() == 0
    assert not alive(pid)


def test_the_death_of_a_service_is_seen_while_its_child_holds_its_output(launch, free):
    launcher = launch(f"{free(1)[0]}=parent")
    child = int(launcher.line(r"child (\d+)")[1])
    try:
        launcher.ready()
        os.kill(launcher.pid("one"), signal.SIGKILL)
        launcher.line("one was ended by SIGKILL; starting it again at once")
        second = int(launcher.line(r"child (\d+)")[1])
        launcher.line("one answers again")
        os.kill(second, signal.SIGKILL)
        launcher.signal(signal.SIGTERM)
        assert launcher.exit_code() == 0
    finally:
        os.kill(child, signal.SIGKILL)


def test_services_die_with_a_launcher_that_is_killed(three):
    launcher, addresses = three
    pids = launcher.pids()
    launcher.signal(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in pids), "all services are gone")
    assert not any(serving(address) for address in addresses)


def test_after_a_launcher_was_killed_the_home_can_be_used_again(three, launch):
    launcher, addresses = three
    pids = launcher.pids()
    launcher.signal(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in pids), "all services are gone")
    launch(*(f"{address}=well" for address in addresses)).ready()
