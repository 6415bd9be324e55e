"""What keeps the stack from starting, and that nothing is left of it then."""

import socket
import sys

import pytest

from tests.integration.up.conftest import alive, until


def test_a_service_that_is_misconfigured_stops_all_and_its_words_are_shown(launch, free):
    first, second = free(2)
    launcher = launch(f"{first}=well", f"{second}=misconfigured")
    assert launcher.exit_code() == 2
    assert "error: two can't start as it is told to:" in launcher.lines
    assert launcher.lines[-1] == "    error: FAKE_COLOUR='loud': should be a colour"
    assert "READY" not in launcher.lines


def test_a_port_that_is_taken_is_named_with_its_variable_before_anything_starts(launch, free):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        launcher = launch(f"{free(1)[0]}=well", f"127.0.0.1:{port}=well")
        assert launcher.exit_code() == 2
    words = f"port {port} is taken by another process: stop that one, or set FAKE_TWO_BIND=127.0.0.1:"
    assert launcher.text.startswith("error: " + words)
    assert len(launcher.lines) == 1


@pytest.mark.parametrize(
    ("binds", "words"),
    [
        (["127.0.0.1:{0}", "127.0.0.1:{0}"], "FAKE_TWO_BIND and FAKE_ONE_BIND both say port {0}"),
        (["nonsense"], "FAKE_ONE_BIND='nonsense': should be host:port"),
        (["192.0.2.1:{0}"], "can't listen on 192.0.2.1:{0}, which FAKE_ONE_BIND says"),
        (["no-such-host.invalid:{0}"], "FAKE_ONE_BIND: host 'no-such-host.invalid' is not known"),
    ],
    ids=["one port twice", "no address", "not of this machine", "unknown host"],
)
def test_an_address_that_can_not_be_had_is_refused(launch, free, binds, words):
    port = free(1)[0].rpartition(":")[2]
    launcher = launch(*(f"{bind.format(port)}=well" for bind in binds))
    assert launcher.exit_code() == 2
    assert words.format(port) in launcher.text


def test_a_home_in_use_is_refused_with_the_pid_of_its_holder(launch, free):
    first = launch(f"{free(1)[0]}=well").ready()
    second = launch(f"{free(1)[0]}=well")
    assert second.exit_code() == 2
    assert f"servery up runs on {first.home} already (pid {first.process.pid})" in second.text
    assert alive(first.pid("one"))


def test_a_home_that_can_not_be_made_is_refused(launch, free, tmp_path):
    (tmp_path / "file").touch()
    launcher = launch(f"{free(1)[0]}=well", home=tmp_path / "file" / "home")
    assert launcher.exit_code() == 2
    assert "set SERVERY_HOME, or --home" in launcher.text


def test_a_companion_that_is_not_there_is_told_of_and_the_stack_comes_up(launch, free):
    launcher = launch(f"{free(1)[0]}=well", "--companion", "/no/such/program")
    launcher.line("error: can't start /no/such/program")
    launcher.line("the companion exited with status 2; the services go on without it")
    until((launcher.home / "run" / "up.json").exists, "the stack is up")


def test_a_companion_waits_for_the_stack_and_its_failure_does_not_stop_it(launch, free):
    code = "import sys; print('told', input(), flush=True); sys.exit(3)"
    launcher = launch(f"{free(1)[0]}=well", "--companion", sys.executable, "-c", code)
    launcher.ready()
    launcher.line("^told go$")
    launcher.line("the companion exited with status 3; the services go on without it")
    assert alive(launcher.pid("one"))


def test_a_companion_ends_with_the_stack(launch, free):
    code = "import os, time; input(); print('pid', os.getpid(), flush=True); time.sleep(600)"
    launcher = launch(f"{free(1)[0]}=well", "--companion", sys.executable, "-c", code)
    pid = int(launcher.line(r"^pid (\d+)")[1])
    launcher.process.terminate()
    assert launcher.exit_code() == 0
    assert not alive(pid)
