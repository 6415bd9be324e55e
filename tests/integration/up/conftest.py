"""The launcher over fake services, as a process that tests read, signal and kill."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "fakes" / "launcher_process.py"
PATIENCE_S = 20.0


def until(condition, what):
    """Poll for a truth; return it. Fail after PATIENCE_S."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {PATIENCE_S:g} s: {what}")


def alive(pid):
    """A zombie counts as dead: it waits for whoever is its parent now, and holds nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Launcher:
    """A launcher that runs, and what it has written so far."""

    def __init__(self, command, home, env):
        self.home = home
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
        self.process = subprocess.Popen(
            command,
            env=clean | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines = []
        self._queue = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        with self.process.stdout as lines:
            for line in lines:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def line(self, pattern):
        """The match in the next line that has one; what came before is in `lines`."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no line with {pattern!r} in:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match

    def ready(self):
        self.line("^READY$")
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def exit_code(self):
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        while (line := self._queue.get()) is not None:
            self.lines.append(line)
        return code

    @property
    def text(self):
        return "\n".join(self.lines)

    @property
    def record(self):
        return json.loads((self.home / "run" / "up.json").read_text())

    def pid(self, name):
        return self.record["services"][name]["pid"]

    def pids(self):
        return [each["pid"] for each in self.record["services"].values()]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reader.join()


@pytest.fixture
def launch_command():
    launchers = []

    def start(command, home, **env):
        launchers.append(Launcher(command, home, env))
        return launchers[-1]

    yield start
    for launcher in launchers:
        launcher.close()


@pytest.fixture
def launch(launch_command, tmp_path):
    """Starts the launcher over fake services: `launch("HOST:PORT=MANNER", …)`."""

    def start(*arguments, home=tmp_path / "home"):
        return launch_command([sys.executable, LAUNCHER, home, *arguments], home)

    return start


@pytest.fixture
def free():
    """Gives free addresses. They are held together until the test takes them, so that they differ."""

    def addresses(count):
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        found = [f"127.0.0.1:{each.getsockname()[1]}" for each in held]
        for each in held:
            each.close()
        return found

    return addresses
