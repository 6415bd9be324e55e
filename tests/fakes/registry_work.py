"""Units of work of the registry, in memory.

`FakeStore().begin_work` goes wherever the code asks for a `BeginWork`. A unit of work sees a copy of the state and
`commit` puts it in the place of the state; units that write exclude one another, as on SQLite.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from servery.errors import Aborted, AlreadyExists
from servery_registry.domain.file import File
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.model import Model, next_number, no_such_model
from servery_registry.domain.remembered import Remembered
from servery_registry.domain.upload import Upload, no_such_upload
from servery_registry.domain.version import FINALISED, Version, no_such_version, number_taken

T = TypeVar("T")


@dataclass
class Rows:
    """All that is stored."""

    models: dict[tuple[str, str], Model] = field(default_factory=dict)
    last_numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    files: dict[tuple[str, str], File] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    requests: dict[tuple[str, str, str], Remembered] = field(default_factory=dict)

    def copy(self) -> "Rows":
        return Rows(**{name: dict(value) for name, value in vars(self).items()})


class FakeStore:
    """Keeps the rows between units of work."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.writer = asyncio.Lock()

    def begin_work(self, *, read_only: bool = False) -> "FakeUnitOfWork":
        return FakeUnitOfWork(self, read_only=read_only)


class FakeUnitOfWork:
    def __init__(self, store: FakeStore, *, read_only: bool) -> None:
        self._store = store
        self._read_only = read_only

    async def __aenter__(self) -> Self:
        if not self._read_only:
            await self._store.writer.acquire()
        self._rows = self._store.rows.copy()
        self.models = FakeModels(self._rows)
        self.versions = FakeVersions(self._rows)
        self.files = FakeFiles(self._rows)
        self.uploads = FakeUploads(self._rows)
        self.requests = FakeRequests(self._rows)
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._read_only:
            self._store.writer.release()

    async def commit(self) -> None:
        assert not self._read_only, "a unit of work that only reads has nothing to commit"
        self._store.rows = self._rows.copy()


class FakeModels:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, model: Model) -> None:
        key = model.project, model.name
        if key in self._rows.models:
            raise AlreadyExists("it is there", resource_type="model", resource_name=model.name, reason="MODEL_EXISTS")
        self._rows.models[key] = model
        self._rows.last_numbers[key] = 0

    async def get(self, project: str, name: str) -> Model:
        if (project, name) not in self._rows.models:
            raise no_such_model(project, name)
        return self._rows.models[project, name]

    async def lock(self, project: str, name: str) -> Model:
        return await self.get(project, name)

    async def list(self, project: str, window: Window[str]) -> Listing[Model]:
        found = [model for model in self._rows.models.values() if model.project == project]
        return _window(found, window, lambda model: model.name)

    async def save(self, model: Model) -> None:
        self._rows.models[model.project, model.name] = model

    async def take_number(self, project: str, name: str, wanted: int) -> int:
        last = self._rows.last_numbers[project, name]
        number = next_number(last, wanted)
        self._rows.last_numbers[project, name] = max(last, number)
        return number


class FakeVersions:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, version: Version) -> None:
        if any(_name(each) == _name(version) for each in self._rows.versions.values()):
            raise number_taken(version.model, version.number)
        self._rows.versions[version.id] = version

    async def get(self, project: str, model: str, number: int) -> Version:
        for version in self._rows.versions.values():
            if _name(version) == (project, model, number):
                return version
        raise no_such_version(model, number)

    async def lock(self, version_id: str) -> Version:
        return self._rows.versions[version_id]

    async def list(self, project: str, model: str, window: Window[int], *, show_pending: bool) -> Listing[Version]:
        found = [
            version
            for version in self._rows.versions.values()
            if _name(version)[:2] == (project, model) and (show_pending or version.state in FINALISED)
        ]
        after = None if window.after is None else -window.after
        return _window(found, Window(size=window.size, after=after), lambda version: -version.number)

    async def save(self, version: Version) -> None:
        self._rows.versions[version.id] = version


class FakeFiles:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def put(self, version_id: str, file: File) -> File | None:
        before = self._rows.files.get((version_id, file.path))
        self._rows.files[version_id, file.path] = file
        return before

    async def get(self, version_id: str, path: str) -> File | None:
        return self._rows.files.get((version_id, path))

    async def list(self, version_id: str, window: Window[str]) -> Listing[File]:
        found = [file for (owner, _), file in self._rows.files.items() if owner == version_id]
        return _window(found, window, lambda file: file.path)


class FakeUploads:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, upload: Upload) -> None:
        if await self.of_path(upload.version_id, upload.file.path) is not None:
            raise Aborted("another upload of the path has begun", reason="UPLOAD_BUSY")
        self._rows.uploads[upload.id] = upload

    async def get(self, upload_id: str) -> Upload:
        if upload_id not in self._rows.uploads:
            raise no_such_upload(upload_id)
        return self._rows.uploads[upload_id]

    async def of_path(self, version_id: str, path: str) -> Upload | None:
        uploads = self._rows.uploads.values()
        return next((each for each in uploads if (each.version_id, each.file.path) == (version_id, path)), None)

    async def in_the_way(self, version_id: str, path: str) -> str | None:
        paths = [each.file.path for each in self._rows.uploads.values() if each.version_id == version_id]
        return min((p for p in paths if p.startswith(f"{path}/") or path.startswith(f"{p}/")), default=None)

    async def unfinished(self, version_id: str) -> str | None:
        uploads = self._rows.uploads.values()
        paths = [each.file.path for each in uploads if each.version_id == version_id and not each.committed]
        return min(paths, default=None)

    async def remove(self, upload_id: str) -> None:
        del self._rows.uploads[upload_id]

    async def set_committed(self, upload_id: str) -> None:
        self._rows.uploads[upload_id] = replace(self._rows.uploads[upload_id], committed=True)


class FakeRequests:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, project: str, method: str, request_id: str) -> Remembered | None:
        return self._rows.requests.get((project, method, request_id))

    async def add(self, request: Remembered) -> None:
        self._rows.requests[request.project, request.method, request.request_id] = request


def _name(version: Version) -> tuple[str, str, int]:
    return version.project, version.model, version.number


def _window(found: Iterable[T], window: Window[Any], key: Callable[[T], Any]) -> Listing[T]:
    rest = sorted((item for item in found if window.after is None or key(item) > window.after), key=key)
    return listing(rest, window.size)
