import threading

import pytest

from servery.client import _transfer
from servery.errors import AlreadyExists, DeadlineExceeded, FailedPrecondition, InvalidArgument, NotFound
from tests.fakes.serving_server import State


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Attempts follow each other at once."""
    monkeypatch.setattr(_transfer.Patience.__init__, "__kwdefaults__", {"failures": 4, "sleep": lambda _: None})


@pytest.fixture
def registered(client, folder):
    client.push(folder, name="my-iris", framework="sklearn")


def test_a_deployment_is_created_started_and_waited_for(client):
    states = []
    made = client.deploy("my-iris", wait=True, progress=lambda each: states.append(each.state))
    assert (made.name, made.model, made.model_version, made.engine) == ("myiris", "my-iris", 1, "local")
    assert (made.state, made.started, made.ready) == ("RUNNING", True, True)
    assert states == ["STARTING", "RUNNING"]
    assert [condition.type for condition in made.conditions] == ["SCHEDULED"]


def test_without_waiting_it_is_answered_at_once(client):
    assert client.deploy("iris", name="other", engine="triton").state == "STARTING"


def test_the_same_again_is_started(client, registered):
    client.deploy("my-iris", wait=True)
    client.deployments.stop("myiris")
    assert client.deploy("my-iris", version=1).started
    assert client.deploy("my-iris").id == 1


@pytest.mark.parametrize("other", [{"version": 2}, {"engine": "triton"}, {"model": "digits", "version": 1}])
def test_another_under_the_same_name_says_what_to_do(client, registered, other):
    client.deploy("my-iris", name="iris")
    with pytest.raises(AlreadyExists) as caught:
        client.deploy(**{"model": "my-iris", "name": "iris"} | other)
    assert "deployment iris serves version 1 of my-iris with engine local" in str(caught.value)
    assert "servery deployments delete iris" in str(caught.value)
    assert caught.value.reason == "DEPLOYMENT_SERVES_ANOTHER"


def test_a_deployment_that_fails_says_why(client, stack):
    stack.serving.script = [(State.STATE_STARTING, ""), (State.STATE_FAILED, "model.pkl is not there")]
    with pytest.raises(FailedPrecondition, match=r"deployment iris FAILED: model\.pkl is not there") as caught:
        client.deploy("iris", wait=True)
    assert caught.value.reason == "DEPLOYMENT_FAILED"


def test_waiting_ends_with_the_state_that_is(client, stack):
    stack.serving.script = [(State.STATE_STARTING, "no inference node is connected")]
    with pytest.raises(DeadlineExceeded, match=r"was not ready after 0\.3 s; it is STARTING: no inference node"):
        client.deploy("iris", wait=True, timeout_s=0.3)


def test_waiting_for_what_is_not_started_says_so(client):
    client.deployments.create("iris")
    with pytest.raises(FailedPrecondition, match="servery deployments start iris"):
        client.deployments.wait("iris")


def test_a_watch_outlives_the_service(client, stack):
    stack.serving.break_watches = 2
    client.deploy("iris")
    assert client.deployments.wait("iris").state == "RUNNING"
    assert stack.serving.watches == 3


def test_a_watch_tells_changes_until_the_deployment_is_deleted(client):
    client.deploy("iris", wait=True)
    watch = client.deployments.watch("iris", timeout_s=20)
    assert next(watch).state == "RUNNING"
    client.deployments.stop("iris")
    assert next(watch).state == "STOPPED"
    client.deployments.delete("iris")
    assert list(watch) == []


def test_a_watch_ends_in_time_and_can_be_left(client):
    client.deploy("iris", wait=True)
    assert [each.state for each in client.deployments.watch("iris", timeout_s=0.3)] == ["RUNNING"]
    before = threading.active_count()
    watch = client.deployments.watch("iris")
    next(watch)
    watch.close()
    assert threading.active_count() <= before + 2


def test_the_verbs_do_what_they_say(client):
    client.deployments.create("iris", description="x")
    assert client.deployments.start("iris").started
    with pytest.raises(FailedPrecondition, match="stop it first"):
        client.deployments.delete("iris")
    assert not client.deployments.stop("iris").started
    assert [each.name for each in client.deployments.list()] == ["iris"]
    client.deployments.delete("iris", force=True)
    for call in (client.deployments.get, client.deployments.start, lambda name: list(client.deployments.watch(name))):
        with pytest.raises(NotFound) as caught:
            call("iris")
        assert caught.value.resource_name == "iris"


def test_an_engine_that_nobody_knows_is_refused_with_the_list(client):
    with pytest.raises(InvalidArgument, match="take one of: local, triton"):
        client.deploy("iris", engine="cloud")
