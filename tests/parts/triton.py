"""A real Triton for tests: started on free ports, without a model, and stopped with all that it started."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import grpc

from servery import inference as pb
from tests.ports import free_ports

# It takes less than 6 s on an idle machine.
START_S = 60.0
STOP_S = 10.0


@dataclass(slots=True)
class TritonServer:
    """A process of tritonserver. It listens on the same address each time that it is started."""

    installed: Path
    """Folder that `make part-triton` made."""

    folder: Path
    """Where its empty repository and its log are."""

    address: str = field(init=False)
    log: Path = field(init=False)
    _http: int = field(init=False)
    _shared_memory: str = field(default_factory=lambda: f"servery_test_{uuid4().hex}_")
    _process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        grpc_port, self._http = free_ports(2)
        self.address = f"127.0.0.1:{grpc_port}"
        self.log = self.folder / "triton.log"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        repository = self.folder / "repository"
        repository.mkdir(exist_ok=True)
        server = self.installed / "server" / "pytriton" / "tritonserver"
        host, port = self.address.split(":")
        arguments = [
            f"--model-repository={repository}",
            f"--backend-directory={server / 'backends'}",
            f"--cache-directory={server / 'caches'}",
            "--model-control-mode=explicit",
            *(f"--{name}-address={host}" for name in ("grpc", "http")),
            f"--grpc-port={port}",
            f"--http-port={self._http}",
            "--allow-metrics=false",
            f"--backend-config=python,shm-region-prefix-name={self._shared_memory}",
            "--exit-timeout-secs=2",
        ]
        # The processes of models find their packages through the environment that is first on PATH.
        environment = {"PATH": f"{self.installed / 'venv' / 'bin'}:/usr/bin:/bin"}
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                server / "bin" / "tritonserver",
                *arguments,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await asyncio.wait_for(self._answers(self._process), START_S)
        except (TimeoutError, RuntimeError) as error:
            await self.kill()
            raise RuntimeError(f"no Triton: {error}\n{self.log.read_text()[-3000:]}") from error

    async def stop(self) -> None:
        """SIGTERM, on which it unloads its models; kill -9 if it takes too long."""
        if self._process is not None:
            with suppress(ProcessLookupError, TimeoutError):
                self._process.terminate()
                await asyncio.wait_for(self._process.wait(), STOP_S)
        await self.kill()

    async def kill(self) -> None:
        """kill -9, and its models' processes too."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
            self._process = None
            _remove_shared_memory(self._shared_memory)

    async def _answers(self, process: asyncio.subprocess.Process) -> None:
        async with grpc.aio.insecure_channel(self.address) as channel:
            # Waits for the port, instead of failing while nothing listens.
            # Not ServerReady, which is false while a model is being loaded: a client may be faster than this one.
            call = pb.GRPCInferenceServiceStub(channel).ServerLive(pb.ServerLiveRequest(), wait_for_ready=True)
            live, ended = asyncio.ensure_future(_awaited(call)), asyncio.ensure_future(process.wait())
            done, pending = await asyncio.wait([live, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.wait(pending)
            if ended in done:
                raise RuntimeError(f"tritonserver ended with status {ended.result()}")
            if not live.result().live:
                raise RuntimeError("tritonserver says that it is not live")


@asynccontextmanager
async def triton_server(installed: Path, folder: Path) -> AsyncIterator[TritonServer]:
    """A Triton that answers; it is gone when the block is left."""
    server = TritonServer(installed, folder)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _awaited(call: grpc.aio.UnaryUnaryCall) -> pb.ServerLiveResponse:
    return await call


def _remove_shared_memory(prefix: str) -> None:
    for left in Path("/dev/shm").glob(f"{prefix}*"):  # of models' processes that had no time to do it themselves
        left.unlink(missing_ok=True)
