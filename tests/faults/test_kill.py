"""kill -9 of each process in turn while requests flow: served again within 5 s, and nothing acknowledged is lost."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import servery
from servery import errors
from tests.models import Trained, digits, iris
from tests.stack import Stack, eventually, running_stack

BACK_S = 5.0
# A steady flow, some hundred requests a second in all: the two cores are for the processes that come back, too.
PAUSE_S = 0.02
INPUTS = {"iris": "input-0", "digits": "X"}
pytestmark = pytest.mark.alone  # it measures seconds

ROUNDS = 5 if os.environ.get("SERVERY_LONG") else 1


@dataclass
class Traffic:
    """Requests of every kind, again and again until told to stop; what was acknowledged is written down."""

    stack: Stack
    models: dict[str, Trained]
    stop: threading.Event = field(default_factory=threading.Event)
    answered: dict[str, int] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    pushed: dict[int, bytes] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def predict(self, client: servery.Client, name: str) -> None:
        rows = self.models[name].rows[:5]
        (label, *_) = client.predict(name, inputs={INPUTS[name]: rows}).values()
        if label.tolist() != self.models[name].answers[:5].tolist():
            self.wrong.append(f"{name}: {label}")

    def push(self, client: servery.Client, folder: Path) -> None:
        content = os.urandom(200_000)
        (folder / "weights.bin").write_bytes(content)
        version = client.push(folder, name="written", framework="python")
        self.pushed[version.version] = content

    def repeat(self, what: str, act: Callable[[servery.Client], None]) -> None:
        with self.stack.connect() as client:
            while not self.stop.is_set():
                try:
                    act(client)
                except (errors.Unavailable, errors.DeadlineExceeded, errors.NotFound, errors.Cancelled):
                    self.stop.wait(0.02)  # a process is gone; which errors that may give is checked elsewhere
                except Exception as error:  # noqa: BLE001  # whatever it is, the test shall show it
                    self.wrong.append(f"{what}: {error!r}")
                    self.stop.wait(0.2)
                else:
                    self.answered[what] = self.answered.get(what, 0) + 1
                    self.last[what] = time.monotonic()
                    self.stop.wait(PAUSE_S)

    @contextmanager
    def flowing(self, folder: Path) -> Iterator[None]:
        folder.mkdir()
        acts: dict[str, Callable[[servery.Client], None]] = {
            "iris": lambda client: self.predict(client, "iris"),
            "digits": lambda client: self.predict(client, "digits"),
            "push": lambda client: self.push(client, folder),
            "deployments": lambda client: [client.deployments.get(name) for name in ("iris", "digits")] and None,
        }
        threads = [threading.Thread(target=self.repeat, args=item) for item in acts.items()]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: self.last.keys() == acts.keys(), 20, "all kinds of requests to flow", self.stack.log)
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(30)

    def back_after(self, kill: Callable[[], None]) -> float:
        """Kill, and give the seconds until each kind of request was answered by what came after."""
        kill()
        begin = time.monotonic()
        # What is in flight at the kill may still be answered; half a second later every answer is by living processes.
        eventually(
            lambda: all(last > begin + 0.5 for last in self.last.values()), 30, "requests to flow", self.stack.log
        )
        return max(self.last.values()) - begin


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traffic]:
    folder = tmp_path_factory.mktemp("kill")
    models = {"iris": iris(folder / "iris"), "digits": digits(folder / "digits")}
    with running_stack(folder / "home") as stack:
        with stack.connect() as client:
            for name, framework in (("iris", "sklearn"), ("digits", "onnx")):
                client.push(models[name].folder, name=name, framework=framework)
                client.deploy(name, wait=True, timeout_s=60)
        traffic = Traffic(stack, models)
        with traffic.flowing(folder / "written"):
            yield traffic


def children(pid: int) -> list[int]:
    """Process ids of the children of a process, and of theirs."""
    direct = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return [each for child in direct for each in (child, *children(child))]


@pytest.mark.parametrize("victim", ["registry", "serving", "inference", "worker"])
@pytest.mark.parametrize("time_", range(ROUNDS))
def test_all_is_served_again_within_five_seconds(traffic: Traffic, victim: str, time_: int) -> None:
    def kill() -> None:
        if victim == "worker":
            workers = children(traffic.stack.pid("inference"))
            assert workers, "the iris model has a worker"
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
        else:
            traffic.stack.kill(victim)

    took = traffic.back_after(kill)
    print(f"{victim}: answering again after {took:.2f} s")
    assert took < BACK_S
    assert traffic.wrong == []


def test_nothing_acknowledged_is_lost_and_nothing_half_made_is_seen(traffic: Traffic, tmp_path: Path) -> None:
    traffic.stop.set()
    with traffic.stack.connect() as client:
        seen = {version.version for version in client.versions.list("written")}
        acknowledged = dict(traffic.pushed)
        assert acknowledged
        assert acknowledged.keys() <= seen
        for number in seen:
            folder = client.pull("written", number, to=tmp_path / str(number))
            content = (folder / "weights.bin").read_bytes()
            assert len(content) == 200_000
            assert number not in acknowledged or content == acknowledged[number]
    print(f"{len(acknowledged)} versions acknowledged, {len(seen)} seen, answers {traffic.answered}")
