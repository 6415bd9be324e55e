"""The ways in which the deployment contract is run. A runner answers requests and raises our errors."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

import servery.serving.v1 as pb
from servery._grpc_errors import from_rpc
from servery_kit.interceptors import standard
from servery_kit.server import running
from servery_kit.sql import database
from servery_serving.adapters.sql import MIGRATIONS
from servery_serving.adapters.sql.store import SqlStore
from servery_serving.api.deployments import DeploymentServicer
from servery_serving.app.changes import Changes
from servery_serving.app.deployments import Wishes
from servery_serving.app.pinning import Pinning
from servery_serving.domain.unit_of_work import Store
from servery_serving.main import deployment_service
from tests.fakes.catalog import MemoryCatalog
from tests.fakes.deployments import MemoryStore
from tests.fakes.hand_clock import HandClock
from tests.parts import servers


@dataclass
class World:
    """What a contract test works with."""

    api: Any
    """Answers DeploymentService's rpcs by their names: unary ones as coroutines, WatchDeployment as an iterator."""

    catalog: MemoryCatalog
    clock: HandClock
    changes: Changes
    store: Store


class Near:
    """The servicer, called without a wire."""

    def __init__(self, wishes: Wishes) -> None:
        self._servicer = DeploymentServicer(wishes)

    def __getattr__(self, rpc: str) -> Callable[[Any], Any]:
        return lambda request: getattr(self._servicer, rpc)(request, None)


class Far:
    """A stub, whose failures are our errors again."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb.DeploymentServiceStub(channel)

    def __getattr__(self, rpc: str) -> Callable[[Any], Any]:
        async def one(request: Any) -> Any:
            try:
                return await getattr(self._stub, rpc)(request, timeout=10)
            except grpc.RpcError as error:
                raise from_rpc(error) from error

        async def many(request: Any) -> AsyncIterator[Any]:
            call = getattr(self._stub, rpc)(request, timeout=20)
            try:
                async for response in call:
                    yield response
            except grpc.RpcError as error:
                raise from_rpc(error) from error
            finally:
                call.cancel()

        return many if rpc.startswith("Watch") else one


def _world(store: Store) -> tuple[World, Wishes]:
    catalog, clock, changes = MemoryCatalog(), HandClock(), Changes()
    pinning = Pinning(store=store, catalog=catalog, changes=changes)
    wishes = Wishes(store=store, catalog=catalog, pinning=pinning, changes=changes, clock=clock)
    return World(Near(wishes), catalog, clock, changes, store), wishes


@asynccontextmanager
async def fake_store(folder: Path) -> AsyncIterator[Store]:
    yield MemoryStore()


@asynccontextmanager
async def sqlite_store(folder: Path) -> AsyncIterator[Store]:
    async with over_sql(f"sqlite+aiosqlite:///{folder / 'serving.db'}") as store:
        yield store


@asynccontextmanager
async def postgres_store(folder: Path) -> AsyncIterator[Store]:
    async with over_sql(servers.postgres().new_database()) as store:
        yield store


@asynccontextmanager
async def over_sql(url: str) -> AsyncIterator[Store]:
    async with database(url, MIGRATIONS) as engine:
        yield SqlStore(engine)


STORES: dict[str, Callable[[Path], AbstractAsyncContextManager[Store]]] = {
    "fake": fake_store,
    "sqlite": sqlite_store,
    "postgres": postgres_store,
}


@asynccontextmanager
async def near(kind: str, folder: Path) -> AsyncIterator[World]:
    async with STORES[kind](folder) as store:
        yield _world(store)[0]


@asynccontextmanager
async def remote(kind: str, folder: Path) -> AsyncIterator[World]:
    async with STORES[kind](folder) as store:
        world, wishes = _world(store)
        async with running("127.0.0.1:0", [deployment_service(wishes)], standard(), drain_s=1) as server:
            async with grpc.aio.insecure_channel(server.address) as channel:
                world.api = Far(channel)
                yield world
            world.changes.close()


RUNNERS: dict[str, Callable[[Path], AbstractAsyncContextManager[World]]] = {
    **{kind: lambda folder, kind=kind: near(kind, folder) for kind in STORES},
    "remote": lambda folder: remote("sqlite", folder),
}
