"""The Inference service, wired. Nothing else in it wires anything."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

import servery.serving.v1 as pb
from servery.registry.v1 import file_service_pb2
from servery.serving.v1 import node_service_pb2
from servery_inference.adapters.artifacts import RegistryArtifacts
from servery_inference.adapters.assignments import ServingLine
from servery_inference.adapters.workers import ProcessWorkers
from servery_inference.api import oip
from servery_inference.app.data_plane import DataPlane, Server
from servery_inference.app.loader import Loader
from servery_inference.app.repository import Repository
from servery_inference.backends import Opener
from servery_inference.config import Config
from servery_kit import interceptors
from servery_kit.channel import open_channel
from servery_kit.process import until_signalled
from servery_kit.server import Running, running

EXTENSIONS = ("parameters",)
"""Of Triton's extensions, those that work here."""


@asynccontextmanager
async def node(config: Config) -> AsyncIterator[Running]:
    """A node that answers, until the block is left: then it drains, and stops its workers."""
    async with AsyncExitStack() as stack:
        files = file_service_pb2.DESCRIPTOR.services_by_name["FileService"]
        registry = await stack.enter_async_context(open_channel(config.registry_address, files))
        nodes = node_service_pb2.DESCRIPTOR.services_by_name["NodeService"]
        serving = await stack.enter_async_context(open_channel(config.serving_address, nodes))

        repository = Repository()
        loader = Loader(
            RegistryArtifacts(registry, config.home / "cache"),
            Opener(ProcessWorkers(config.home / "run"), triton_address=config.triton_address),
            repository,
            drain_s=config.drain_s,
        )
        stack.push_async_callback(loader.close)

        plane = DataPlane(
            repository, Server(name=config.server_name, version=version("servery"), extensions=EXTENSIONS)
        )
        state = await stack.enter_async_context(
            running(
                config.bind,
                [oip.service(plane)],
                interceptors.standard(),
                message_bytes=config.message_bytes,
                drain_s=config.drain_s,
            )
        )
        line = ServingLine(
            serving,
            pb.Node(id=config.node_name(), address=config.advertise_address or state.address),
            apply=loader.apply,
            statuses=loader.statuses,
            changed=loader.changed,
        )
        await stack.enter_async_context(_in_background(line.run()))
        stack.callback(plane.drain)
        yield state


async def main(config: Config) -> None:
    """Run a node until the process is signalled."""
    async with node(config):
        await until_signalled()


@asynccontextmanager
async def _in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `work` beside the block. If it fails the block is cancelled: a node that hears nothing must not seem well."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        try:
            yield
        finally:
            task.cancel()
