"""The whole of Servery as `servery up` starts it: real processes, on free ports, in a home of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import servery
from tests.ports import free_ports

SERVICES = ("registry", "serving", "inference")
START_S = 60.0


@dataclass(frozen=True)
class Stack:
    """A running stack: where it answers, and which processes it is."""

    home: Path
    addresses: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self) -> servery.Client:
        return servery.connect(**self.addresses)

    def pid(self, service: str) -> int:
        """Process id of a service as it is now; it changes when the launcher starts it anew."""
        return int(json.loads((self.home / "run" / "up.json").read_text())["services"][service]["pid"])

    def kill(self, service: str) -> None:
        os.kill(self.pid(service), signal.SIGKILL)


@contextmanager
def running_stack(home: Path, **env: str) -> Iterator[Stack]:
    """Start a stack in `home`, wait until it says that all is up, stop it with SIGTERM."""
    addresses = {service: f"127.0.0.1:{port}" for service, port in zip(SERVICES, free_ports(3), strict=True)}
    binds = {f"SERVERY_{service.upper()}_BIND": address for service, address in addresses.items()}
    home.mkdir(parents=True, exist_ok=True)
    log = home / "up.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "servery_up"],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**clean_environment(), **binds, **env, "SERVERY_HOME": str(home)},
        )
    try:
        stack = Stack(home, addresses, process, log)
        state = home / "run" / "up.json"
        eventually(lambda: state.exists() or process.poll() is not None, START_S, "the stack to start", log)
        assert process.poll() is None, log.read_text()
        yield stack
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert code == 0, f"servery up ended with {code}:\n{log.read_text()[-4000:]}"


def clean_environment() -> dict[str, str]:
    """The environment without settings of ours, which would reach into the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}


def eventually(holds: Callable[[], Any], within_s: float, what: str, log: Path | None = None) -> Any:
    """Ask again and again until it holds, and give what it gave; fail with the log when time is up."""
    end = time.monotonic() + within_s
    while not (answer := holds()):
        if time.monotonic() > end:
            tail = f"\n{log.read_text()[-6000:]}" if log and log.exists() else ""
            raise AssertionError(f"waited {within_s:g} s for {what}{tail}")
        time.sleep(0.02)
    return answer
