"""Worker processes, and what becomes of those that misbehave."""

import asyncio
import os
import signal

import joblib
import pytest
from sklearn.dummy import DummyClassifier

from servery.errors import FailedPrecondition
from servery_inference.adapters.workers import Patience, ProcessWorkers
from servery_inference.domain.assignment import State
from servery_inference.domain.model import Source
from tests.integration.inference.world import alive, until, workers_of


def source(folder) -> Source:
    return Source(
        project="default", deployment="m", revision=2, model="m", model_version=1, version_id="v", framework="SKLEARN",
        engine="LOCAL", folder=folder,
    )  # fmt: skip


class Seen(list):
    """What a worker observed, in order."""

    def __call__(self, state: State, reason: str) -> None:
        self.append((state, reason))


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "version"
    folder.mkdir()
    joblib.dump(DummyClassifier().fit([[0.0], [1.0]], [0, 1]), folder / "model.joblib")
    return folder


async def test_a_worker_that_dies_again_and_again_fails_and_is_tried_on(tmp_path, model):
    seen = Seen()
    workers = ProcessWorkers(tmp_path / "run", Patience(crashes=3, failed_s=0.05))
    worker = await workers.start(source(model), seen)
    try:
        for death in range(1, 5):
            os.kill(worker.pid, signal.SIGKILL)
            await until(lambda death=death: len(seen) == 2 * death and seen[-1] == (State.READY, ""))
    finally:
        await worker.stop()
    reasons = [reason for state, reason in seen if state is not State.READY]
    assert [state for state, _ in seen[::2]] == [State.LOADING, State.LOADING, State.FAILED, State.FAILED]
    assert reasons[0].startswith("the worker of 'm' was ended by signal 9")
    assert reasons[0].endswith("; it is being started again")
    assert reasons[-1].endswith("; it is started again every 0.05 s")
    assert not alive(worker.pid)
    assert list((tmp_path / "run").iterdir()) == []


async def test_a_worker_that_can_not_load_gives_its_reason(tmp_path, model):
    (model / "model.joblib").write_bytes(b"cno_such_module\nThing\n.")
    with pytest.raises(FailedPrecondition, match=r"^model.joblib needs the Python module 'no_such_module'"):
        await ProcessWorkers(tmp_path / "run").start(source(model), Seen())
    assert list((tmp_path / "run").iterdir()) == []


async def test_a_worker_that_exits_while_it_loads_is_told_with_its_last_words(tmp_path, model):
    (model / "model.joblib").write_bytes(b"cos\nsystem\n(S'echo last words; kill -9 $PPID'\ntR.")
    with pytest.raises(FailedPrecondition, match=r"was ended by signal 9; its last lines: .*last words"):
        await ProcessWorkers(tmp_path / "run").start(source(model), Seen())


async def test_a_worker_that_hangs_is_given_up_and_ended(tmp_path, model):
    (model / "model.joblib").write_bytes(b"ctime\nsleep\n(I600\ntR.")
    workers = ProcessWorkers(tmp_path / "run", Patience(ready_s=0.5, stop_s=0.2))
    with pytest.raises(FailedPrecondition, match=r"did not get ready in 0.5 s"):
        await workers.start(source(model), Seen())
    assert list((tmp_path / "run").iterdir()) == []


async def test_a_start_that_is_cancelled_leaves_no_process(tmp_path, model):
    (model / "model.joblib").write_bytes(b"ctime\nsleep\n(I600\ntR.")
    workers = ProcessWorkers(tmp_path / "run", Patience(stop_s=0.2))
    before = set(workers_of(os.getpid()))
    task = asyncio.create_task(workers.start(source(model), Seen()))
    (child,) = await until(lambda: set(workers_of(os.getpid())) - before)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(child)


async def test_a_home_with_a_long_name_gets_a_short_socket(tmp_path, model):
    workers = ProcessWorkers(tmp_path / ("x" * 100))
    worker = await workers.start(source(model), Seen())
    path = worker.address.removeprefix("unix:")
    assert len(path) < 100
    await worker.stop()
    assert not os.path.exists(os.path.dirname(path))  # noqa: ASYNC240, PTH110, PTH120


def test_sockets_of_processes_that_are_gone_are_removed(tmp_path):
    for name in (f"{os.getpid()}-1.sock", "4194999-1.sock", "else.sock"):
        (tmp_path / name).touch()
    ProcessWorkers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"{os.getpid()}-1.sock", "else.sock"])
