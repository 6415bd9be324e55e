"""A registry and a serving service for a node to dial, and what tests of it need."""

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import time
from pathlib import Path

import grpc
import numpy as np
import onnx
from onnx import TensorProto, helper

import servery.registry.v1 as registry_pb
import servery.serving.v1 as serving_pb
from servery import inference
from servery_inference.config import Config
from servery_kit.config import load
from tests.fakes.registry_files import FakeFiles
from tests.fakes.serving_nodes import FakeNodes


def doubling_model() -> bytes:
    """An ONNX model: `y` is twice `x`, `total` the sum of its rows."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "x"], ["y"]),
            helper.make_node("ReduceSum", ["x", "axes"], ["total"], keepdims=0),
        ],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 2])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 2]),
            helper.make_tensor_value_info("total", TensorProto.FLOAT, ["rows"]),
        ],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class World:
    """Registry and serving service as fakes on sockets, to which a node can be pointed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.files = FakeFiles()
        self.nodes = FakeNodes()
        self.registry_address = ""
        self.serving_address = ""
        self._registry: grpc.aio.Server | None = None
        self._serving: grpc.aio.Server | None = None
        self._ids = itertools.count(1)

    async def start_registry(self) -> None:
        self._registry = grpc.aio.server()
        registry_pb.add_FileServiceServicer_to_server(self.files, self._registry)
        port = self._registry.add_insecure_port(self.registry_address or "127.0.0.1:0")
        self.registry_address = f"127.0.0.1:{port}"
        await self._registry.start()

    async def start_serving(self) -> None:
        self._serving = grpc.aio.server()
        serving_pb.add_NodeServiceServicer_to_server(self.nodes, self._serving)
        port = self._serving.add_insecure_port(self.serving_address or "127.0.0.1:0")
        self.serving_address = f"127.0.0.1:{port}"
        await self._serving.start()

    async def stop_registry(self) -> None:
        if self._registry is not None:
            await self._registry.stop(None)
            self._registry = None

    async def stop_serving(self) -> None:
        if self._serving is not None:
            await self._serving.stop(None)
            self._serving = None

    def version(
        self, model: str, framework: str, files: dict[str, bytes], *, version: int = 1, project="default", **more
    ):
        """Put a version into the registry; the assignment that deploys it under the model's name."""
        self.files.versions[project, model, version] = files
        return serving_pb.Assignment(
            project=project,
            deployment=more.get("deployment", model),
            revision=more.get("revision", 1),
            model=model,
            model_version=version,
            version_id=f"version-{model}-{next(self._ids)}",
            framework=registry_pb.Framework.Value(f"FRAMEWORK_{framework}"),
            engine=serving_pb.ENGINE_LOCAL,
        )

    def settings(self, **more) -> dict[str, str]:
        return {
            "bind": "127.0.0.1:0",
            "registry_address": self.registry_address,
            "serving_address": self.serving_address,
            "node_id": "node-1",
            **more,
        }

    def config(self) -> Config:
        return load(Config, **self.settings(), SERVERY_HOME=self.home, SERVERY_DRAIN_S=2.0)


class NodeProcess:
    """`python -m servery_inference` as a process."""

    def __init__(self, world: World, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self._world = world
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
        settings = self._world.settings(bind=self.address)
        variables = {f"SERVERY_INFERENCE_{name.upper()}": value for name, value in settings.items()}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "servery_inference",
            env=kept | variables | {"SERVERY_HOME": str(self._world.home), "SERVERY_SECRET_CANARY": "canary"},
        )

    async def signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        async with asyncio.timeout(20):
            return await self.process.wait()


def request(model: str, name: str, rows, datatype: str = "FP32", **more) -> inference.ModelInferRequest:
    """A request with one raw input."""
    dtypes = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "FP16": np.float16}
    array = np.asarray(rows, dtypes[datatype])
    message = inference.ModelInferRequest(model_name=model, **more)
    message.inputs.add(name=name, datatype=datatype, shape=array.shape)
    message.raw_input_contents.append(array.tobytes())
    return message


async def until(condition, timeout_s: float = 10.0):
    """Poll until `condition()` holds; its value."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < end, f"{condition} did not come to hold in {timeout_s} s"
        await asyncio.sleep(0.02)
    return value


def workers_of(pid: int) -> list[int]:
    """Processes that are workers and children of `pid`."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int(path.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"servery_inference.worker" in path.joinpath("cmdline").read_bytes():
                found.append(int(path.name))
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
