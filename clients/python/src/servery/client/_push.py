"""A push: from files of this machine to a version that is READY, in steps that a later push of the same goes on with.

What makes two pushes the same is the registry, project, model and number asked for, the path, the digest of every file,
and everything the version is made with. Of a push that was broken off the cache keeps that, and the request id with
which the version was, or is being, created; so the same push again, within 24 h, gets the same version from the
registry, however far it came, and sends what is missing. A push that differs makes a version of its own. Two of the
same at once do not share one: the second finds the record locked, and makes its own.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from servery.client import _convert as convert
from servery.client import _metadata as metadata
from servery.client import _value as value
from servery.client._cache import Cache, open_private
from servery.client._resources import File
from servery.client._schema import ModelSchema, Provenance
from servery.client._versions import metrics_to_proto

REMEMBERED_S: Final = 23 * 3600
"""The registry remembers a request id for 24 h; an hour is for clocks that disagree, and for the upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The version that is to be."""

    model: str
    framework: str
    version: int | None = None
    metrics: Mapping[str, float] | None = None
    description: str = ""
    input_example: Any = None
    schema: ModelSchema | None = None
    provenance: Provenance | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()

    def checked(self) -> "Wish":
        """The same in its final form. Raise InvalidArgument for what the registry could not take."""
        convert.framework_to_proto(self.framework)
        for each in self.tags.values():
            value.to_proto(each, field="tags")
        return Wish(
            model=self.model,
            framework=self.framework,
            version=self.version,
            metrics=metrics_to_proto(self.metrics),
            description=self.description,
            input_example=value.from_text(value.example_to_text(self.input_example)),
            schema=None if self.schema is None else metadata.model_schema(self.schema),
            provenance=None if self.provenance is None else metadata.provenance(self.provenance),
            tags=dict(self.tags),
            aliases=tuple(self.aliases),
        )


class Record:
    """What is kept of one push. Without a place to keep it, a push that is broken off begins anew."""

    def __init__(self, stream: BinaryIO | None, fingerprint: str) -> None:
        self._stream = stream
        self._fingerprint = fingerprint

    def request_id(self) -> str:
        """That of the same push before, or a new one, which is written down before it is used."""
        before = self._read()
        fresh = before.get("fingerprint") == self._fingerprint and time.time() - before["begun"] < REMEMBERED_S
        return str(before["request_id"]) if fresh else self.renew()

    def renew(self) -> str:
        """A new request id: what was made with the one before is no more."""
        request_id = str(uuid.uuid4())
        self._write({"fingerprint": self._fingerprint, "request_id": request_id, "begun": time.time()})
        return request_id

    def done(self) -> None:
        """Nothing remains to be gone on with."""
        self._write({})

    def _read(self) -> dict[str, Any]:
        if self._stream is None:
            return {}
        self._stream.seek(0)
        try:
            found = json.loads(self._stream.read())
            return found if {"fingerprint", "request_id", "begun"} <= found.keys() else {}
        except (ValueError, AttributeError):
            return {}

    def _write(self, data: Mapping[str, Any]) -> None:
        if self._stream is not None:
            self._stream.seek(0)
            self._stream.truncate()
            self._stream.write(json.dumps(data).encode() if data else b"")
            self._stream.flush()


@contextmanager
def record(cache: Cache, where: tuple[str, str], path: Path, wish: Wish, files: list[File]) -> Iterator[Record]:
    """The record of this push, locked while the block runs. `where` is the registry's address and the project."""
    place = [*where, wish.model, wish.version, str(path.absolute())]
    known = {name: each for name, each in asdict(wish).items() if name not in {"tags", "aliases"}}
    fingerprint = _digest([place, known, [asdict(file) for file in files]])
    stream = open_private(cache.folder / "pushes" / _digest(place)) if cache.limit_bytes else None
    try:
        yield Record(stream, fingerprint)
    finally:
        if stream is not None:
            stream.close()


def _digest(data: Any) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
