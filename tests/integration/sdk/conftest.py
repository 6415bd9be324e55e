from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

import servery
from tests.fakes.grpc_server import ServerThread, running
from tests.fakes.inference_server import FakeInference, FakeModel
from tests.fakes.registry_server import FakeRegistry
from tests.fakes.serving_server import FakeServing


def iris(inputs):
    """Two outputs for each row: the sum of the row, and the rows themselves doubled."""
    rows = inputs["input"]
    return {"label": rows.sum(axis=1).astype(np.int64), "double": rows * 2}


@dataclass
class Stack:
    """The three services as fakes on sockets of their own."""

    registry: FakeRegistry
    serving: FakeServing
    inference: FakeInference
    servers: dict[str, ServerThread]
    health: health.HealthServicer
    addresses: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.addresses = {name: server.address for name, server in self.servers.items()}

    def connect(self, **more) -> servery.Client:
        return servery.connect(**self.addresses, **more)


@pytest.fixture
def stack() -> Iterator[Stack]:
    registry, serving, inference = FakeRegistry(), FakeServing(), FakeInference()
    checks = health.HealthServicer()
    checks.set("", health_pb2.HealthCheckResponse.SERVING)

    def healthy(server):
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)

    one_output = FakeModel(
        [("input", "FP32", [-1, 2])], [("label", "INT64", [-1])], lambda given: {"label": iris(given)["label"]}
    )
    inference.models["default", "iris"] = one_output
    with (
        running(registry.add, healthy) as first,
        running(serving.add, healthy) as second,
        running(inference.add, healthy) as third,
    ):
        servers = {"registry": first, "serving": second, "inference": third}
        yield Stack(registry, serving, inference, servers, checks)
        checks.enter_graceful_shutdown()


@pytest.fixture
def client(stack) -> Iterator[servery.Client]:
    with stack.connect() as client:
        yield client


@pytest.fixture
def folder(tmp_path):
    """A model of three files: one of several messages, one that is empty, one in a folder."""
    content = {"model.bin": bytes(range(256)) * 12_000, "empty": b"", "sub/config.json": b'{"a": 1}'}
    for path, data in content.items():
        (tmp_path / "model" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / path).write_bytes(data)
    return tmp_path / "model"
