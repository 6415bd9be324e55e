"""Hostile names in every text of every request reach nothing outside of the store, and get a proper answer."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import servery.registry.v1 as pb
from servery.registry.v1 import (
    alias_service_pb2,
    file_service_pb2,
    model_service_pb2,
    pin_service_pb2,
    storage_service_pb2,
    tag_service_pb2,
    version_service_pb2,
)
from tests.contracts.registry_material import ready_version
from tests.contracts.remote_registry import remote_registry
from tests.hostile_names import HOSTILE_NAMES, NO_UTF_8
from tests.registry_process import running_registry

MODULES = (
    alias_service_pb2, file_service_pb2, model_service_pb2, pin_service_pb2, storage_service_pb2, tag_service_pb2,
    version_service_pb2,
)  # fmt: skip
METHODS = sorted(
    (
        method
        for module in MODULES
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ),
    key=lambda method: method.name.startswith("Delete"),  # last, so that the others find what they ask for
)
PROPER = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.ABORTED,
}
CANARY = b"the canary sings"
USUAL = {
    "model": "iris",
    "name": "iris",
    "path": "a.txt",
    "version": 1,
    "framework": pb.FRAMEWORK_SKLEARN,
    "upload_id": "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    "sha256": "0" * 64,
    "alias": "champion",
    "metric": "accuracy",
    "direction": 1,
}
AT_ONCE = 8
TRIES = 3
"""So often is asked what a busy database does not answer, as the error says one should."""
NAMES = frozenset({
    "project", "model", "name", "alias", "path", "page_token", "filter", "order_by", "upload_id", "request_id",
    "sha256", "etag", "key", "metric", "user",
})  # fmt: skip
"""Fields that name something, or are parsed, get every hostile name; free text gets some, since it is stored."""


class Place:
    """A folder with the registry's home, a folder to work in, and things that are none of its business."""

    def __init__(self, root: Path) -> None:
        self.root = root / "parent"
        self.home, self.work = self.root / "home", self.root / "work"
        for folder in (self.home, self.work, self.root / "beside", self.home / "beside"):
            folder.mkdir(parents=True)
        for path in ("canary", "beside/canary", "work/canary", "home/canary", "home/beside/canary"):
            (self.root / path).write_bytes(CANARY)

    def listing(self) -> dict[str, tuple[int, int, int]]:
        """Mode, size and time of change of all that lies outside of the store."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if not re.match(r"home/(registry\.db|blobs(/|$))", name):
                seen = path.lstat()
                found[name] = (seen.st_mode, seen.st_size, seen.st_mtime_ns)
        del found["home"]  # SQLite's journal comes and goes in it
        return found

    def blobs(self) -> list[str]:
        blobs = self.home / "blobs"
        return [str(path.relative_to(blobs)) for path in blobs.rglob("*") if path.is_file()]


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


@pytest.fixture
async def address(place, tmp_path):
    async with running_registry(place.home, cwd=place.work, log=tmp_path / "log") as address:
        async with remote_registry(address) as registry:
            await ready_version(registry, {"a.txt": b"text"})
        yield address
        _, traceback, said = (tmp_path / "log").read_text().partition("Traceback")
        assert not traceback, said[:4000]


def texts(descriptor: Descriptor, above: tuple[FieldDescriptor, ...] = ()) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Each field of a message, and of those in it, that holds text."""
    for field in descriptor.fields:
        here = (*above, field)
        if field.type == FieldDescriptor.TYPE_STRING:
            yield here
        elif field.message_type is not None and field.message_type.full_name not in {
            each.message_type.full_name for each in above
        }:
            yield from texts(field.message_type, here)


def usual(message: Message) -> Message:
    """Fill in what the service would like to see."""
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated:
            continue
        if field.name in USUAL and field.message_type is None:
            setattr(message, field.name, USUAL[field.name])
        elif field.name in {"file", "version"} and field.message_type is not None:
            usual(getattr(message, field.name)).SetInParent()
    return message


def put(message: Any, fields: tuple[FieldDescriptor, ...], text: str) -> None:
    field, rest = fields[0], fields[1:]
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entries = getattr(message, field.name)
        values = field.message_type.fields_by_name["value"]
        if rest[0].name == "key" and values.message_type is None:
            entries[text] = "x" if values.type == FieldDescriptor.TYPE_STRING else 1
        elif rest[0].name == "key":
            entries[text].SetInParent()
        elif len(rest) == 1:
            entries["x"] = text
        else:
            put(entries["x"], rest[1:], text)
    elif field.is_repeated:
        many = getattr(message, field.name)
        many.append(text) if not rest else put(many.add(), rest, text)
    elif rest:
        put(getattr(message, field.name), rest, text)
    else:
        setattr(message, field.name, text)


def calls() -> Iterator[tuple[Any, tuple[FieldDescriptor, ...]]]:
    for method in METHODS:
        for fields in texts(method.input_type):
            yield method, fields


async def answer(channel: grpc.aio.Channel, method: Any, request: bytes) -> tuple[grpc.StatusCode, bytes]:
    """Status and bytes of the answer, all of a stream."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    many = method.server_streaming
    if method.client_streaming:
        call: Any = channel.stream_unary(path)(iter([request]), timeout=60)
    elif many:
        call = channel.unary_stream(path)(request, timeout=60)
    else:
        call = channel.unary_unary(path)(request, timeout=60)
    try:
        received = b"".join([piece async for piece in call]) if many else await call
    except grpc.aio.AioRpcError as error:
        return error.code(), (error.details() or "").encode()
    return grpc.StatusCode.OK, received


def test_there_are_enough_names_and_places_for_them():
    assert len(HOSTILE_NAMES) >= 300
    reached = {f"{method.name}.{'.'.join(field.name for field in fields)}" for method, fields in calls()}
    assert reached >= {
        "CreateModel.name", "CreateModel.project", "BeginUpload.file.path", "DownloadFile.path", "ListVersions.filter",
        "SetAlias.alias", "SetTag.name", "SetTag.value.string_value", "CreateVersion.metrics.key", "GetVersion.alias",
        "ListModels.page_token", "CreateVersion.request_id", "WriteUpload.upload_id", "BeginUpload.file.sha256",
        "CreateVersion.provenance.links.value",
    }  # fmt: skip


@pytest.mark.timeout(600)
async def test_no_name_in_any_text_of_any_request_reaches_past_the_store(place, address):
    before = place.listing()
    turn = asyncio.Semaphore(AT_ONCE)
    wrong: list[str] = []

    async def ask(channel, method, fields, name) -> None:
        request = usual(GetMessageClass(method.input_type)())
        put(request, fields, name)
        async with turn:
            for _ in range(TRIES):
                status, received = await answer(channel, method, request.SerializeToString())
                if status is not grpc.StatusCode.UNAVAILABLE:
                    break
        if status not in PROPER or CANARY in received:
            where = ".".join(field.name for field in fields)
            wrong.append(f"{method.name}.{where} = {name[:60]!r}: {status}, {received[:200]!r}")

    async with grpc.aio.insecure_channel(address) as channel:
        for method, fields in calls():
            names = HOSTILE_NAMES if fields[-1].name in NAMES else HOSTILE_NAMES[::9]
            await asyncio.gather(*(ask(channel, method, fields, name) for name in names))
    assert wrong == []
    assert place.listing() == before
    assert all(re.fullmatch(r"sha256/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}", blob) for blob in place.blobs())


async def test_bytes_that_are_no_text_are_refused(place, address):
    before = place.listing()
    async with grpc.aio.insecure_channel(address) as channel:
        for method, fields in calls():
            if len(fields) > 1 or method.name in {"SetTag", "SetTagSchema"}:
                continue
            for text in NO_UTF_8:
                request = bytes([fields[0].number << 3 | 2, len(text)]) + text
                status, received = await answer(channel, method, request)
                assert status in PROPER - {grpc.StatusCode.OK}, (method.name, fields[0].name, text, status, received)
    assert place.listing() == before


FOR_THE_COMMAND_LINE = [
    "..", "../canary", "/etc/passwd", "a/b", "a\\..\\canary", "%2e%2e%2fcanary", "~", "$(touch canary)", "a\nb",
    "\u202egpj.exe", "-rf", "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("name", FOR_THE_COMMAND_LINE, ids=range(len(FOR_THE_COMMAND_LINE)))
async def test_the_command_line_writes_nothing_for_a_hostile_name(place, address, name):
    model = place.root / "beside" / "model.txt"
    model.write_bytes(b"text")
    before = place.listing()
    for given in (
        ["models", "pull", "--", name],
        ["models", "show", "--", name],
        ["--project", name, "models", "pull", "iris"],
        ["models", "push", str(model), "--framework", "sklearn", "--name", name],
    ):
        done = await asyncio.to_thread(servery, place, address, given)
        if name == "-rf" and "--name" in given:  # a name like another, by the rules
            assert done.returncode == 0, done.stderr
            continue
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr
        assert "INTERNAL" not in done.stderr
        assert "UNKNOWN" not in done.stderr
    assert place.listing() == before


HOSTILE_FILES = ["a\\..\\..\\canary", "%2e%2e%2fcanary", "a\nb", "NUL.", "a ", "~root", "$(touch canary)", "花", "a:b"]


@pytest.mark.parametrize("name", HOSTILE_FILES, ids=range(len(HOSTILE_FILES)))
async def test_a_folder_with_a_hostile_file_is_not_pushed(place, address, name):
    folder = place.work / "model"
    folder.mkdir()
    (folder / name).write_bytes(b"text")
    before = place.listing(), place.blobs()
    given = ["models", "push", str(folder), "--framework", "sklearn", "--name", "files"]
    done = await asyncio.to_thread(servery, place, address, given)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert (place.listing(), place.blobs()) == before


def servery(place: Place, address: str, given: list[str]) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SERVERY_")}
    env |= {"SERVERY_REGISTRY": address, "HOME": str(place.root / "beside"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "servery.cli", *given]
    return subprocess.run(command, cwd=place.work, env=env, capture_output=True, text=True, check=False, timeout=60)
