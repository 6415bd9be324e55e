import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from grpc_health.v1 import health_pb2

import servery
from servery.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument

VARIABLES = ("SERVERY_REGISTRY", "SERVERY_SERVING", "SERVERY_INFERENCE", "SERVERY_PROJECT")


def test_addresses_come_from_arguments_then_variables_then_defaults(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    with servery.connect() as client:
        assert client.project == "default"
        assert [each.address for each in client.status(timeout_s=0.01)] == [
            "127.0.0.1:8081",
            "127.0.0.1:8082",
            "127.0.0.1:8001",
        ]
    for number, variable in enumerate(VARIABLES):
        monkeypatch.setenv(variable, f"localhost:{number + 1}")
    with servery.connect(serving="localhost:9", project="mine") as client:
        assert client.project == "mine"
        assert [each.address for each in client.status(timeout_s=0.01)] == ["localhost:1", "localhost:9", "localhost:3"]
    with servery.connect() as client:
        assert client.project == "localhost:4"


def test_status_tells_what_is_up(stack, client):
    assert [(each.service, each.serving, each.reason) for each in client.status()] == [
        ("registry", True, ""),
        ("serving", True, ""),
        ("inference", True, ""),
    ]
    stack.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    stack.servers["serving"].stop()
    registry, serving, _ = client.status()
    assert not registry.serving
    assert "NOT_SERVING" in registry.reason
    assert not serving.serving
    assert "does not answer" in serving.reason


def test_every_call_has_a_deadline():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with servery.connect(registry=address, timeout_s=0.2) as client, pytest.raises(DeadlineExceeded) as caught:
            client.models.get("iris")
    assert f"the registry service at {address} did not answer in time" in str(caught.value)


def test_a_closed_client_says_so(client):
    client.close()
    with pytest.raises(FailedPrecondition, match="the client is closed"):
        client.models.get("iris")


@pytest.mark.parametrize("project", ["my project", "größe", "a\n"])
def test_a_project_that_cannot_be_sent_is_refused(project):
    with pytest.raises(InvalidArgument, match="ASCII"):
        servery.connect(project=project)


def test_many_threads_share_a_client(client):
    barrier = threading.Barrier(4)

    def ask(number):
        barrier.wait()
        return client.predict("iris", {"instances": [[number, 1]]})

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [{"predictions": [number + 1]} for number in range(4)]
