"""The registry as its use cases, and the ways to run it: the contract suites run over each of them."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import obstore
from obstore.store import MemoryStore

from servery_kit.config import load
from servery_kit.sql import database
from servery_registry.adapters.blobs.store import StoredBlobs, open_store
from servery_registry.adapters.scan.picklescan import Picklescan
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.scanning import Scanning
from servery_registry.app.versions import VersionUseCases
from servery_registry.config import Config
from servery_registry.domain.file import File
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model, NewModel
from servery_registry.domain.unit_of_work import BeginWork
from servery_registry.domain.upload import Piece, Progress
from servery_registry.domain.version import NewVersion, Version
from servery_registry.main import serving
from tests.contracts.remote_registry import remote_registry
from tests.fakes.registry_work import FakeStore


class ModelCases(Protocol):
    async def create(self, new: NewModel, *, creator: str, request_id: str = "") -> Model: ...
    async def get(self, project: str, name: str) -> Model: ...
    async def list(self, project: str, window: Window[str]) -> Listing[Model]: ...


class VersionCases(Protocol):
    async def create(self, new: NewVersion, *, creator: str, request_id: str = "") -> Version: ...
    async def get(self, project: str, model: str, number: int, *, show_pending: bool = False) -> Version: ...
    async def list(
        self, project: str, model: str, window: Window[int], *, show_pending: bool = False
    ) -> Listing[Version]: ...
    async def finalize(self, project: str, model: str, number: int) -> Version: ...


class FileCases(Protocol):
    async def begin(self, project: str, model: str, number: int, file: File) -> Progress: ...
    async def write(self, upload_id: str, pieces: AsyncIterator[Piece]) -> Progress: ...
    async def get_upload(self, upload_id: str) -> Progress: ...
    async def commit(self, upload_id: str) -> File: ...
    async def list(self, project: str, model: str, number: int, window: Window[str]) -> tuple[int, Listing[File]]: ...
    async def download(
        self, project: str, model: str, number: int, path: str, offset: int = 0
    ) -> tuple[File, AsyncGenerator[Piece, None]]: ...


class Registry(Protocol):
    """What every runner gives."""

    @property
    def models(self) -> ModelCases: ...
    @property
    def versions(self) -> VersionCases: ...
    @property
    def files(self) -> FileCases: ...


class Runner(Protocol):
    """One way to run the registry. What it keeps outlives `open`, which may be entered again: a restart."""

    blobs: Any
    """The obstore store beneath, to damage what lies in it."""

    def open(self) -> AbstractAsyncContextManager[Registry]: ...


@dataclass
class Local:
    """The use cases, called directly."""

    models: ModelUseCases
    versions: VersionUseCases
    files: FileUseCases

    @classmethod
    def over(cls, begin_work: BeginWork, store: Any) -> "Local":
        blobs = StoredBlobs(store)
        scanner = Picklescan(max_bytes=64 * 1024**2, seconds=8.0)
        return cls(
            ModelUseCases(begin_work, _now, _new_id),
            VersionUseCases(begin_work, Scanning(blobs, scanner, _now), _now, _new_id),
            FileUseCases(begin_work, blobs, _now, _new_id),
        )


class OverFakes:
    def __init__(self) -> None:
        self._rows = FakeStore()
        self.blobs = MemoryStore()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Registry]:
        yield Local.over(self._rows.begin_work, self.blobs)


class OverSql:
    def __init__(self, database_url: str, folder: Path) -> None:
        self._url = database_url
        self.blobs = open_store(folder.as_uri())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Registry]:
        async with database(self._url, MIGRATIONS) as engine:
            yield Local.over(sql_work(engine), self.blobs)


class OverTheWire:
    """A real server on a socket, and a client of it."""

    def __init__(self, home: Path) -> None:
        self._config = load(Config, SERVERY_HOME=home, bind="127.0.0.1:0")
        self.blobs = open_store(self._config.blobs)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Registry]:
        async with serving(self._config) as server, remote_registry(server.address) as registry:
            yield registry


RUNNERS: dict[str, Callable[[Path], Runner]] = {
    "fakes": lambda tmp_path: OverFakes(),
    "sqlite": lambda tmp_path: OverSql(f"sqlite+aiosqlite:///{tmp_path / 'registry.db'}", tmp_path / "blobs"),
    "remote": OverTheWire,
}


async def damage(runner: Runner, sha256: str, content: bytes | None) -> None:
    """Put other bytes in the place of a content, or none."""
    key = f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"
    if content is None:
        await obstore.delete_async(runner.blobs, key)
    else:
        await obstore.put_async(runner.blobs, key, content)


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid.uuid4())
