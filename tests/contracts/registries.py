"""The registry as its use cases, and the ways to run it: the contract suites run over each of them."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import obstore
from obstore.store import MemoryStore

from servery_kit.config import load
from servery_kit.sql import database
from servery_registry.adapters.blobs.opening import open_store
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.adapters.json_schema import LibraryJsonSchemas
from servery_registry.adapters.scan.picklescan import Picklescan
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.app.aliases import AliasUseCases
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.pins import PinUseCases
from servery_registry.app.scanning import Scanning
from servery_registry.app.storage import StorageUseCases
from servery_registry.app.tags import TagUseCases
from servery_registry.app.versions import VersionUseCases
from servery_registry.config import Config
from servery_registry.domain.file import File
from servery_registry.domain.filter import Filter
from servery_registry.domain.garbage import Account
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model, NewModel
from servery_registry.domain.order import NEWEST, Key, Order
from servery_registry.domain.tag import TagSchema
from servery_registry.domain.unit_of_work import BeginWork
from servery_registry.domain.upload import Piece, Progress
from servery_registry.domain.version import NewVersion, Version, VersionChange
from servery_registry.main import serving
from tests.contracts.remote_registry import remote_registry
from tests.fakes.registry_work import FakeStore
from tests.parts import servers


class ModelCases(Protocol):
    async def create(self, new: NewModel, *, creator: str, request_id: str = "") -> Model: ...
    async def get(self, project: str, name: str) -> Model: ...
    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]: ...
    async def update(self, project: str, name: str, *, description: str | None, etag: str = "") -> Model: ...
    async def delete(self, project: str, name: str) -> None: ...


class VersionCases(Protocol):
    async def create(self, new: NewVersion, *, creator: str, request_id: str = "") -> Version: ...
    async def get(
        self, project: str, model: str, number: int, *, show_pending: bool = False, alias: str = ""
    ) -> Version: ...
    async def list(
        self,
        project: str,
        model: str | None,
        window: Window[Key],
        *,
        show_pending: bool = False,
        where: Filter = (),
        order: Order = NEWEST,
    ) -> Listing[Version]: ...
    async def finalize(self, project: str, model: str, number: int) -> Version: ...
    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version: ...
    async def update(
        self, project: str, model: str, number: int, change: VersionChange, *, etag: str = ""
    ) -> Version: ...
    async def delete(self, project: str, model: str, number: int, *, etag: str = "") -> None: ...


class AliasCases(Protocol):
    async def set(self, project: str, model: str, alias: str, number: int, *, previous: int | None = None) -> None: ...
    async def delete(self, project: str, model: str, alias: str) -> None: ...


class TagCases(Protocol):
    async def set(self, project: str, model: str, number: int, name: str, value: Any) -> None: ...
    async def delete(self, project: str, model: str, number: int, name: str) -> None: ...
    async def set_schema(self, schema: TagSchema) -> TagSchema: ...
    async def delete_schema(self, project: str, name: str) -> None: ...
    async def list_schemas(self, project: str, window: Window[str]) -> Listing[TagSchema]: ...


class FileCases(Protocol):
    async def begin(self, project: str, model: str, number: int, file: File) -> Progress: ...
    async def write(self, upload_id: str, pieces: AsyncIterator[Piece]) -> Progress: ...
    async def get_upload(self, upload_id: str) -> Progress: ...
    async def commit(self, upload_id: str) -> File: ...
    async def list(self, project: str, model: str, number: int, window: Window[str]) -> tuple[int, Listing[File]]: ...
    async def download(
        self, project: str, model: str, number: int, path: str, offset: int = 0
    ) -> tuple[File, AsyncGenerator[Piece, None]]: ...


class PinCases(Protocol):
    async def pin(self, project: str, model: str, number: int, user: str) -> None: ...
    async def unpin(self, project: str, model: str, number: int, user: str) -> None: ...


class StorageCases(Protocol):
    async def collect(self, *, dry_run: bool = False, grace: timedelta | None = None) -> Account: ...


class Registry(Protocol):
    """What every runner gives."""

    @property
    def models(self) -> ModelCases: ...
    @property
    def versions(self) -> VersionCases: ...
    @property
    def files(self) -> FileCases: ...
    @property
    def aliases(self) -> AliasCases: ...
    @property
    def tags(self) -> TagCases: ...
    @property
    def pins(self) -> PinCases: ...
    @property
    def storage(self) -> StorageCases: ...


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
    aliases: AliasUseCases
    tags: TagUseCases
    pins: PinUseCases
    storage: StorageUseCases

    @classmethod
    def over(cls, begin_work: BeginWork, store: Any) -> "Local":
        blobs = StoredBlobs(store)
        scanner = Picklescan(max_bytes=64 * 1024**2, seconds=8.0)
        return cls(
            ModelUseCases(begin_work, _now, _new_id),
            VersionUseCases(begin_work, Scanning(blobs, scanner, _now), _now, _new_id),
            FileUseCases(begin_work, blobs, _now, _new_id),
            AliasUseCases(begin_work, _now, _new_id),
            TagUseCases(begin_work, LibraryJsonSchemas(), _now, _new_id),
            PinUseCases(begin_work, _now),
            StorageUseCases(begin_work, blobs, _now, _new_id, grace=timedelta(days=1)),
        )


class OverFakes:
    def __init__(self) -> None:
        self._rows = FakeStore()
        self.blobs = MemoryStore()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Registry]:
        yield Local.over(self._rows.begin_work, self.blobs)


class OverSql:
    def __init__(self, database_url: str, blobs: Any) -> None:
        self._url = database_url
        self.blobs = blobs

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Registry]:
        async with database(self._url, MIGRATIONS) as engine:
            yield Local.over(sql_work(engine), self.blobs)


class OverTheWire:
    """A real server on a socket, and a client of it."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self._config = load(Config, SERVERY_HOME=home, bind="127.0.0.1:0", **settings)
        self.blobs = open_store(self._config.blobs, self._config.blob_options)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Registry]:
        async with serving(self._config) as server, remote_registry(server.address) as registry:
            yield registry


def sqlite_url(tmp_path: Path) -> str:
    """A database that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'registry.db'}"


def local_blobs(tmp_path: Path) -> Any:
    return open_store((tmp_path / "blobs").as_uri())


def s3_blobs() -> Any:
    """An empty store in a bucket."""
    return open_store(servers.s3().new_url(), servers.s3().options)


def grown(tmp_path: Path) -> Runner:
    """The service as it is run with other servers beside it, by its settings alone."""
    bucket = {"blob_url": servers.s3().new_url(), "blob_options": servers.s3().options}
    return OverTheWire(tmp_path, database_url=servers.postgres().new_database(), **bucket)


RUNNERS: dict[str, Callable[[Path], Runner]] = {
    "fakes": lambda tmp_path: OverFakes(),
    "sqlite": lambda tmp_path: OverSql(sqlite_url(tmp_path), local_blobs(tmp_path)),
    "postgres": lambda tmp_path: OverSql(servers.postgres().new_database(), local_blobs(tmp_path)),
    "s3": lambda tmp_path: OverSql(sqlite_url(tmp_path), s3_blobs()),
    "remote": OverTheWire,
    "grown": grown,
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
