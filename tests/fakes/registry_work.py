"""Units of work of the registry, in memory.

`FakeStore().begin_work` goes wherever the code asks for a `BeginWork`. A unit of work sees a copy of the state and
`commit` puts it in the place of the state; units that write exclude one another, as on SQLite.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeVar

from servery.errors import Aborted, AlreadyExists
from servery_registry.domain.alias import Alias
from servery_registry.domain.file import File
from servery_registry.domain.filter import Filter
from servery_registry.domain.listing import Listing, Window, listing
from servery_registry.domain.model import Model, next_number, no_such_model
from servery_registry.domain.order import NEWEST, Key, Order
from servery_registry.domain.remembered import Remembered
from servery_registry.domain.tag import TagSchema
from servery_registry.domain.upload import Upload, no_such_upload
from servery_registry.domain.version import FINALISED, State, Version, no_such_version, number_taken, version_deleted
from tests.fakes.version_search import in_order, matches

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
    input_examples: dict[str, str] = field(default_factory=dict)
    aliases: dict[tuple[str, str, str], Alias] = field(default_factory=dict)
    tags: dict[tuple[str, str, int, str], Any] = field(default_factory=dict)
    tag_schemas: dict[tuple[str, str], TagSchema] = field(default_factory=dict)
    pins: dict[tuple[str, str], datetime] = field(default_factory=dict)

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
        self.input_examples = FakeInputExamples(self._rows)
        self.aliases = FakeAliases(self._rows)
        self.tags = FakeTags(self._rows)
        self.tag_schemas = FakeTagSchemas(self._rows)
        self.pins = FakePins(self._rows)
        self.contents = FakeContents(self._rows)
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

    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]:
        models = self._rows.models.values()
        found = [model for model in models if model.project == project and model.name.startswith(prefix)]
        return _window(found, window, lambda model: model.name)

    async def save(self, model: Model) -> None:
        self._rows.models[model.project, model.name] = model

    async def remove(self, project: str, name: str) -> None:
        del self._rows.models[project, name]
        del self._rows.last_numbers[project, name]

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
        if version_id not in self._rows.versions:
            raise version_deleted(version_id)
        return self._rows.versions[version_id]

    async def list(
        self,
        project: str,
        model: str | None,
        window: Window[Key],
        *,
        show_pending: bool,
        where: Filter = (),
        order: Order = NEWEST,
    ) -> Listing[Version]:
        found = [
            version
            for version in self._rows.versions.values()
            if version.project == project
            and model in {None, version.model}
            and (show_pending or version.state in FINALISED)
            and matches(self._described(version), where)
        ]
        return listing(in_order(found, order, window.after), window.size)

    def _described(self, version: Version) -> Version:
        aliases = [alias.name for alias in self._rows.aliases.values() if alias.version_id == version.id]
        tags = {name: value for (*owner, name), value in self._rows.tags.items() if tuple(owner) == _name(version)}
        return replace(version, aliases=tuple(aliases), tags=tags)

    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version | None:
        found = [
            version
            for version in self._rows.versions.values()
            if _name(version)[:2] == (project, model) and version.state is State.READY and metric in version.metrics
        ]
        sign = 1 if highest else -1
        return max(found, key=lambda version: (sign * version.metrics[metric], version.number), default=None)

    async def save(self, version: Version) -> None:
        self._rows.versions[version.id] = version

    async def remove(self, version_id: str) -> None:
        assert not any(owner == version_id for owner, _ in self._rows.pins), "a pin keeps its version"
        version = self._rows.versions.pop(version_id)
        self._rows.input_examples.pop(version_id, None)
        for alias in [key for key, alias in self._rows.aliases.items() if alias.version_id == version_id]:
            del self._rows.aliases[alias]
        for tag in [key for key in self._rows.tags if key[:3] == _name(version)]:
            del self._rows.tags[tag]
        for key in [key for key in self._rows.files if key[0] == version_id]:
            del self._rows.files[key]
        for upload in [each for each in self._rows.uploads.values() if each.version_id == version_id]:
            del self._rows.uploads[upload.id]

    async def latest(self, project: str, model: str) -> int:
        return max((each.number for each in self._of(project, model) if each.state is State.READY), default=0)

    async def any_of(self, project: str, model: str) -> int:
        return min((each.number for each in self._of(project, model)), default=0)

    def _of(self, project: str, model: str) -> Sequence[Version]:
        return [version for version in self._rows.versions.values() if _name(version)[:2] == (project, model)]


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

    async def restart(self, upload_id: str, new_id: str) -> None:
        self._rows.uploads[new_id] = replace(self._rows.uploads.pop(upload_id), id=new_id)


class FakeRequests:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, project: str, method: str, request_id: str) -> Remembered | None:
        return self._rows.requests.get((project, method, request_id))

    async def add(self, request: Remembered) -> None:
        self._rows.requests[request.project, request.method, request.request_id] = request

    async def forget(self, before: datetime) -> int:
        old = [key for key, each in self._rows.requests.items() if each.create_time < before]
        for key in old:
            del self._rows.requests[key]
        return len(old)


class FakePins:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, version_id: str, user: str, time: datetime) -> None:
        self._rows.pins.setdefault((version_id, user), time)

    async def remove(self, version_id: str, user: str) -> None:
        self._rows.pins.pop((version_id, user), None)

    async def users(self, version_id: str) -> Sequence[str]:
        return sorted(user for owner, user in self._rows.pins if owner == version_id)


class FakeContents:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def lock(self, sha256: str) -> None:
        """Units of work that write exclude one another anyway."""

    async def named(self, digests: Collection[str]) -> set[str]:
        return {file.sha256 for file in self._rows.files.values()} & set(digests)


class FakeInputExamples:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def put(self, version_id: str, text: str) -> None:
        self._rows.input_examples[version_id] = text
        if not text:
            del self._rows.input_examples[version_id]

    async def sizes(self, version_ids: Sequence[str]) -> dict[str, int]:
        return {key: len(text.encode()) for key, text in (await self.of(version_ids)).items()}

    async def of(self, version_ids: Sequence[str]) -> dict[str, str]:
        return {key: text for key, text in self._rows.input_examples.items() if key in version_ids}


class FakeAliases:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, project: str, model: str, name: str) -> Alias | None:
        return self._rows.aliases.get((project, model, name))

    async def set(self, alias: Alias) -> None:
        self._rows.aliases[alias.project, alias.model, alias.name] = alias

    async def remove(self, project: str, model: str, name: str) -> None:
        del self._rows.aliases[project, model, name]

    async def of_models(self, project: str, models: Sequence[str]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (owner, model, name), alias in sorted(self._rows.aliases.items(), key=lambda item: item[0]):
            if owner == project and model in models:
                found.setdefault(model, {})[name] = alias.number
        return found

    async def of_versions(self, version_ids: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for _, alias in sorted(self._rows.aliases.items(), key=lambda item: item[0]):
            if alias.version_id in version_ids:
                found.setdefault(alias.version_id, []).append(alias.name)
        return found


class FakeTags:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def set(self, project: str, model: str, number: int, name: str, value: Any, *, time: datetime) -> None:
        self._rows.tags[project, model, number, name] = value

    async def remove(self, project: str, model: str, number: int, name: str) -> None:
        del self._rows.tags[project, model, number, name]

    async def of(self, project: str, owners: Sequence[tuple[str, int]]) -> dict[tuple[str, int], dict[str, Any]]:
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for (owner, model, number, name), value in sorted(self._rows.tags.items(), key=lambda item: item[0]):
            if owner == project and (model, number) in owners:
                found.setdefault((model, number), {})[name] = value
        return found


class FakeTagSchemas:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, project: str, name: str) -> TagSchema | None:
        return self._rows.tag_schemas.get((project, name))

    async def set(self, schema: TagSchema) -> None:
        self._rows.tag_schemas[schema.project, schema.name] = schema

    async def remove(self, project: str, name: str) -> bool:
        return self._rows.tag_schemas.pop((project, name), None) is not None

    async def count(self, project: str) -> int:
        return len(self._of(project))

    async def mandatory(self, project: str) -> Sequence[str]:
        return sorted(schema.name for schema in self._of(project) if schema.mandatory)

    async def list(self, project: str, window: Window[str]) -> Listing[TagSchema]:
        return _window(self._of(project), window, lambda schema: schema.name)

    def _of(self, project: str) -> Sequence[TagSchema]:
        return [schema for (owner, _), schema in self._rows.tag_schemas.items() if owner == project]


def _name(version: Version) -> tuple[str, str, int]:
    return version.project, version.model, version.number


def _window(found: Iterable[T], window: Window[Any], key: Callable[[T], Any]) -> Listing[T]:
    rest = sorted((item for item in found if window.after is None or key(item) > window.after), key=key)
    return listing(rest, window.size)
