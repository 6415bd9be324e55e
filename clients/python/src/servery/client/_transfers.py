"""Pushes and pulls: folders of this machine to versions, and back."""

from pathlib import Path

from servery.client._aliases import Aliases
from servery.client._cache import cache
from servery.client._connection import Connection
from servery.client._crew import Crew
from servery.client._download import Download
from servery.client._folder import digest, find
from servery.client._models import Models
from servery.client._push import Record, Wish, record
from servery.client._resources import Version
from servery.client._tags import Tags
from servery.client._transfer import OnProgress, Patience, Tally
from servery.client._upload import Upload
from servery.client._versions import Files, Versions
from servery.errors import NotFound

_USABLE = ("PENDING", "READY", "QUARANTINED")


class Transfers:
    """Moves the files of versions."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project
        self._models = Models(registry, project)
        self._versions = Versions(registry, project)
        self._aliases = Aliases(registry, project)
        self._tags = Tags(registry, project)
        self._files = Files(registry, project)

    def push(self, path: Path, wish: Wish, parallel: int, progress: OnProgress | None) -> Version:
        """Upload a file or folder as a version; see `Client.push`."""
        crew = Crew(parallel)
        found = find(path)
        total = sum(file.size_bytes for file in found)
        tally = Tally("hash", total, progress)
        files = [digest(file, tally) for file in found]
        with record(cache(), (self._registry.address, self._project), path, wish, files) as kept:
            version = self._made(wish, kept)
            if version.state == "PENDING":
                upload = Upload(self._registry, version, Tally("send", total, progress), crew)
                crew.run(lambda pair: upload.file(*pair), zip(found, files, strict=True))
                version = Patience().run(lambda: self._versions.finalize(wish.model, version.version))
            for name, value in wish.tags.items():
                self._tags.set(wish.model, name, value, version=version.version)
            for alias in wish.aliases:
                self._aliases.set(wish.model, alias, version.version)
            if wish.tags or wish.aliases:
                version = self._versions.get(wish.model, version.version, show_pending=True)
            kept.done()
        return version

    def pull(self, version: Version, folder: Path, parallel: int, progress: OnProgress | None) -> None:
        """Download the files of a version into a folder; see `Client.pull`."""
        crew, store = Crew(parallel), cache()
        files = list(self._files.list(version.model, version.version))
        tally = Tally("receive", sum(file.size_bytes for file in files), progress)
        try:
            crew.run(Download(self._registry, version, folder, tally, crew=crew, cache=store).file, files)
        finally:
            store.trim()

    def _made(self, wish: Wish, kept: Record) -> Version:
        """The version of the same push before, or a new one."""
        self._models.ensure(wish.model)
        try:
            version = self._create(wish, kept.request_id())
        except NotFound:
            pass  # the registry knows the request, and the version is deleted
        else:
            if version.state in _USABLE:
                return version
        return self._create(wish, kept.renew())

    def _create(self, wish: Wish, request_id: str) -> Version:
        return self._versions.create(
            wish.model,
            framework=wish.framework,
            version=wish.version,
            metrics=wish.metrics,
            description=wish.description,
            input_example=wish.input_example,
            schema=wish.schema,
            provenance=wish.provenance,
            request_id=request_id,
        )
