"""What the contract tests of the registry work with."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator

from servery_registry.domain.file import File
from servery_registry.domain.model import NewModel
from servery_registry.domain.upload import Piece
from servery_registry.domain.version import Framework, NewVersion, Version
from tests.contracts.registries import Registry

PROJECT = "default"
WHO = "anonymous"
MIB = 1024 * 1024


def new_model(name: str = "iris", **given: str) -> NewModel:
    return NewModel(project=given.pop("project", PROJECT), name=name, **given)


def new_version(number: int = 0, **given: object) -> NewVersion:
    values = {"project": PROJECT, "model": "iris", "number": number, "framework": Framework.SKLEARN} | given
    return NewVersion(**values)  # type: ignore[arg-type]


def new_request_id() -> str:
    return str(uuid.uuid4())


def file_of(content: bytes, path: str = "model.joblib") -> File:
    return File(path=path, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


async def pieces_of(content: bytes, begin: int = 0, *, size: int = MIB) -> AsyncIterator[Piece]:
    for offset in range(begin, max(len(content), begin + 1), size):  # an empty one too has a piece
        yield Piece(offset, content[offset : offset + size])


async def broken_after(content: bytes, end: int) -> AsyncIterator[Piece]:
    """Pieces up to `end`; then the connection breaks, once the far side had time to take the last piece."""
    async for piece in pieces_of(content[:end]):
        yield piece
    await asyncio.sleep(0)
    raise ConnectionResetError("the line is cut")


async def pending_version(registry: Registry, model: str = "iris") -> Version:
    """A new version of a new model."""
    await registry.models.create(new_model(model), creator=WHO)
    return await registry.versions.create(new_version(model=model), creator=WHO)


async def upload(registry: Registry, version: Version, content: bytes, path: str = "model.joblib") -> File:
    """Begin, write and commit a file of a version."""
    progress = await registry.files.begin(PROJECT, version.model, version.number, file_of(content, path))
    if not progress.committed:
        await registry.files.write(progress.upload_id, pieces_of(content))
        return await registry.files.commit(progress.upload_id)
    return progress.file


async def ready_version(registry: Registry, contents: dict[str, bytes], model: str = "iris") -> Version:
    """A version of a new model, finalised with these files."""
    version = await pending_version(registry, model)
    for path, content in contents.items():
        await upload(registry, version, content, path)
    return await registry.versions.finalize(PROJECT, model, version.number)


async def content_of(registry: Registry, version: Version, path: str = "model.joblib", offset: int = 0) -> bytes:
    """Download a file, and see that its pieces follow on each other and are small."""
    _, pieces = await registry.files.download(PROJECT, version.model, version.number, path, offset)
    received = bytearray()
    async for piece in pieces:
        assert piece.offset == offset + len(received)
        assert len(piece.data) <= MIB
        received += piece.data
    return bytes(received)
