import asyncio

import pytest

from servery.errors import FailedPrecondition, NotFound, Unavailable
from servery_inference.app.data_plane import DataPlane, Server
from servery_inference.app.loader import Loader
from servery_inference.app.repository import MAX_IN_FLIGHT, Repository
from servery_inference.domain.assignment import Assignment, State
from servery_inference.domain.model import InferRequest
from servery_inference.domain.tensor import Tensor
from tests.fakes.models import FakeArtifacts, FakeBackends, FakeSleep

REQUEST = InferRequest(inputs=(Tensor("x", "FP32", (1, 2), bytes(8)),))


def assignment(deployment: str = "iris", revision: int = 1, version: int = 1, **more) -> Assignment:
    return Assignment(
        project="default",
        deployment=deployment,
        revision=revision,
        model=deployment,
        model_version=version,
        version_id=f"{deployment}-{version}",
        framework="ONNX",
        engine="LOCAL",
        **more,
    )


class Node:
    def __init__(self) -> None:
        self.artifacts = FakeArtifacts()
        self.backends = FakeBackends()
        self.sleep = FakeSleep()
        self.repository = Repository()
        self.loader = Loader(self.artifacts, self.backends, self.repository, drain_s=0.05, sleep=self.sleep)
        self.plane = DataPlane(self.repository, Server(name="s", version="1", extensions=()))

    def states(self) -> dict[tuple[str, int], State]:
        return {(s.assignment.deployment, s.assignment.revision): s.state for s in self.loader.statuses()}

    def reason(self) -> str:
        return self.loader.statuses()[0].reason

    async def infer(self, deployment: str = "iris", version: str = ""):
        return await self.plane.infer("default", deployment, version, REQUEST)


@pytest.fixture
async def node():
    node = Node()
    yield node
    for backend in node.backends.opened:
        backend.gate.set()
    await node.loader.close()


async def settled() -> None:
    """Let every task run until all of them wait."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_assigned_is_fetched_loaded_and_answers(node):
    with pytest.raises(Unavailable, match="'iris' is not at ready state"):
        await node.infer()
    node.loader.apply([assignment(version=3)])
    with pytest.raises(Unavailable):
        await node.infer()
    await settled()
    assert node.states() == {("iris", 1): State.READY}
    version, answer = await node.infer()
    assert (version, answer.outputs) == ("3", REQUEST.inputs)


async def test_what_is_dropped_lets_its_requests_finish_before_it_closes(node):
    node.loader.apply([assignment()])
    await settled()
    (backend,) = node.backends.opened
    backend.gate.clear()
    answer = asyncio.create_task(node.infer())
    await settled()
    node.loader.apply([])
    await settled()
    assert backend.history == ["load", "infer"]
    with pytest.raises(NotFound):
        await node.infer()
    backend.gate.set()
    assert (await answer)[0] == "1"
    await settled()
    assert backend.history == ["load", "infer", "close"]


async def test_the_old_revision_answers_until_the_new_one_is_ready(node):
    node.loader.apply([assignment(version=1)])
    await settled()
    node.backends.prepare = lambda backend: backend.gate.clear()
    node.loader.apply([assignment(revision=2, version=2)])
    await settled()
    assert node.states() == {("iris", 1): State.READY, ("iris", 2): State.LOADING}
    assert (await node.infer())[0] == "1"
    old, new = node.backends.opened
    new.gate.set()
    await settled()
    assert node.states() == {("iris", 2): State.READY}
    assert old.history[-1] == "close"
    assert (await node.infer())[0] == "2"
    with pytest.raises(NotFound, match="'iris' version 1 is not found"):
        await node.infer(version="1")


async def test_the_old_revision_answers_on_while_the_new_one_fails(node):
    node.loader.apply([assignment()])
    await settled()
    node.backends.failures = [FailedPrecondition("no")]
    node.loader.apply([assignment(revision=2, version=2)])
    await settled()
    assert node.states() == {("iris", 1): State.READY, ("iris", 2): State.FAILED}
    assert (await node.infer())[0] == "1"
    node.sleep.wake()
    await settled()
    assert node.states() == {("iris", 2): State.READY}


async def test_two_wanted_revisions_answer_by_version_and_the_newest_by_default(node):
    node.loader.apply([assignment(version=1), assignment(revision=2, version=2)])
    await settled()
    assert [(await node.infer(version=asked))[0] for asked in ("1", "2", "")] == ["1", "2", "2"]
    assert node.plane.model_metadata("default", "iris", "")[0] == ["1", "2"]
    assert node.plane.model_metadata("default", "iris", "1")[0] == ["1"]


async def test_failures_are_retried_ever_more_slowly_with_their_reason(node):
    node.artifacts.failures = [Unavailable("the registry does not answer")] * 4
    node.backends.failures = [FailedPrecondition("not a model")] * 3
    node.loader.apply([assignment()])
    await settled()
    assert (node.states(), node.reason()) == ({("iris", 1): State.FAILED}, "the registry does not answer")
    with pytest.raises(NotFound, match="'iris' has no available versions"):
        await node.infer()
    for _ in range(4):
        node.sleep.wake()
        await settled()
    assert node.reason() == "not a model"
    for _ in range(3):
        node.sleep.wake()
        await settled()
    assert node.sleep.waits == [1, 2, 4, 8, 16, 30, 30]
    assert (node.states(), node.reason()) == ({("iris", 1): State.READY}, "")
    assert [backend.history for backend in node.backends.opened] == [["load", "close"]] * 3 + [["load"]]


async def test_an_unforeseen_failure_tells_the_user_where_to_look_and_no_more(node, caplog):
    node.backends.failures = [KeyError("/etc/secret")]
    node.loader.apply([assignment()])
    await settled()
    assert node.reason() == "loading failed unexpectedly; the log of the inference node has the cause"
    assert "/etc/secret" in caplog.text


async def test_a_changed_assignment_is_tried_at_once(node):
    node.backends.failures = [FailedPrecondition("no")]
    node.loader.apply([assignment()])
    await settled()
    node.loader.apply([assignment(revision=2)])
    await settled()
    assert node.states() == {("iris", 2): State.READY}
    assert node.sleep.waits == [1]


async def test_the_same_set_again_changes_nothing(node):
    for _ in range(3):
        node.loader.apply([assignment(), assignment("digits")])
        await settled()
    assert len(node.backends.opened) == 2


async def test_one_that_hangs_holds_up_no_other(node):
    node.backends.prepare = lambda backend: backend.source.deployment == "slow" and backend.gate.clear()
    node.loader.apply([assignment("slow"), assignment("fast")])
    await settled()
    assert node.states() == {("slow", 1): State.LOADING, ("fast", 1): State.READY}
    node.loader.apply([assignment("fast")])
    await settled()
    assert node.states() == {("fast", 1): State.READY}
    slow = next(each for each in node.backends.opened if each.source.deployment == "slow")
    assert slow.history == ["load", "close"]


async def test_a_backend_that_goes_down_and_comes_back_is_told_as_it_is(node):
    node.loader.apply([assignment()])
    await settled()
    (backend,) = node.backends.opened
    node.loader.changed.clear()
    backend.observe(State.LOADING, "its worker died; it is being started again")
    assert node.loader.changed.is_set()
    assert (node.states(), node.reason()) == (
        {("iris", 1): State.LOADING},
        "its worker died; it is being started again",
    )
    assert not node.plane.model_ready("default", "iris", "")
    backend.observe(State.READY, "")
    assert node.plane.model_ready("default", "iris", "")
    assert (node.states(), node.reason()) == ({("iris", 1): State.READY}, "")


async def test_readiness_needs_assignments_and_ends_with_draining(node):
    assert (node.plane.live(), node.plane.ready()) == (True, False)
    node.loader.apply([])
    assert node.plane.ready()
    node.plane.drain()
    assert (node.plane.live(), node.plane.ready()) == (True, False)


async def test_more_requests_than_a_revision_takes_are_refused_with_a_time_to_wait(node):
    from servery.errors import ResourceExhausted

    node.loader.apply([assignment()])
    await settled()
    (backend,) = node.backends.opened
    backend.gate.clear()
    running = [asyncio.create_task(node.infer()) for _ in range(MAX_IN_FLIGHT)]
    await settled()
    with pytest.raises(ResourceExhausted) as raised:
        await node.infer()
    assert raised.value.retry_after_s
    backend.gate.set()
    await asyncio.gather(*running)
    await node.infer()
