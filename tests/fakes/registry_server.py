"""A registry over the wire that keeps models and files in memory, and breaks off where it is told to.

`break_write_at` and `break_read_at` are offsets in a file: a stream that reaches the first of them ends with
UNAVAILABLE there, with the bytes before it kept, and the offset is taken from the list.
"""

import hashlib
import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

import grpc

import servery.registry.v1 as pb
from servery.errors import AlreadyExists, DataLoss, FailedPrecondition, OutOfRange, Unavailable
from tests.fakes.grpc_server import abort
from tests.fakes.registry_metadata import FakeMetadata, chosen, missing, of

PIECE = 256 * 1024


@dataclass
class StoredUpload:
    message: pb.Upload
    version: tuple[str, str, int]
    data: bytearray = field(default_factory=bytearray)


class FakeRegistry(FakeMetadata, pb.ModelServiceServicer, pb.VersionServiceServicer, pb.FileServiceServicer):
    def __init__(self) -> None:
        super().__init__()
        self.models: dict[tuple[str, str], pb.Model] = {}
        self.versions: dict[tuple[str, str, int], pb.Version] = {}
        self.files: dict[tuple[str, str, int], dict[str, bytes]] = {}
        self.uploads: dict[str, StoredUpload] = {}
        self.blobs: dict[str, bytes] = {}
        self.break_write_at: list[int] = []
        self.break_read_at: list[int] = []
        self.damaged: set[str] = set()
        self.writes: list[tuple[str, int]] = []
        self.reads: list[tuple[str, int]] = []
        self.lists: list[int] = []
        self.largest_page = 1000
        self.written: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        self._answers: dict[str, tuple[str, str, int]] = {}

    def add(self, server: grpc.Server) -> None:
        pb.add_ModelServiceServicer_to_server(self, server)
        pb.add_VersionServiceServicer_to_server(self, server)
        pb.add_FileServiceServicer_to_server(self, server)
        self.add_metadata(server)

    def write_offsets(self, path: str) -> list[int]:
        """Where the writes of a file began."""
        return [offset for each, offset in self.writes if each == path]

    def read_offsets(self, path: str) -> list[int]:
        """Where the reads of a file began."""
        return [offset for each, offset in self.reads if each == path]

    # Models

    def CreateModel(self, request, context):
        key = (request.project or "default", request.name)
        if key in self.models:
            abort(context, _exists("model", request.name))
        self.models[key] = pb.Model(project=key[0], name=key[1], description=request.description, creator="anonymous")
        self.models[key].create_time.FromSeconds(1_700_000_000)
        self.models[key].update_time.FromSeconds(1_700_000_000)
        return pb.CreateModelResponse(model=self.models[key])

    def GetModel(self, request, context):
        key = (request.project or "default", request.name)
        if key not in self.models:
            abort(context, missing("model", request.name))
        return pb.GetModelResponse(model=self.models[key])

    def ListModels(self, request, context):
        found = sorted((m for (project, _), m in self.models.items() if project == request.project), key=_name)
        found = [model for model in found if model.name.startswith(request.name_prefix)]
        page, token = self._page(found, request)
        return pb.ListModelsResponse(models=page, next_page_token=token)

    # Versions

    def CreateVersion(self, request, context):
        if request.request_id in self._answers:
            if self._answers[request.request_id] not in self.versions:
                abort(context, missing("version", request.model))
            return pb.CreateVersionResponse(version=self.versions[self._answers[request.request_id]])
        if (request.project, request.model) not in self.models:
            abort(context, missing("model", request.model))
        taken = [number for project, model, number in self.versions if (project, model) == of(request)]
        number = request.version or max(taken, default=0) + 1
        if number in taken:
            abort(context, _exists("version", f"{request.model} version {number}"))
        version = pb.Version(
            project=request.project,
            model=request.model,
            version=number,
            id=str(uuid.uuid4()),
            state=pb.Version.STATE_PENDING,
            framework=request.framework,
            metrics=request.metrics,
            description=request.description,
            creator="anonymous",
            input_example=request.input_example,
            schema=request.schema if request.HasField("schema") else None,
            provenance=request.provenance if request.HasField("provenance") else None,
            etag=str(uuid.uuid4()),
        )
        version.create_time.FromSeconds(1_700_000_000)
        version.update_time.FromSeconds(1_700_000_000)
        self.versions[request.project, request.model, number] = version
        self.files[request.project, request.model, number] = {}
        self._answers[request.request_id] = (request.project, request.model, number)
        return pb.CreateVersionResponse(version=version)

    def GetVersion(self, request, context):
        return pb.GetVersionResponse(version=self._version(request, context, pending=request.show_pending))

    def ListVersions(self, request, context):
        if request.model != "-" and of(request) not in self.models:
            abort(context, missing("model", request.model))
        stored = sorted(self.versions.values(), key=lambda version: (version.model, -version.version))
        found = [version for version in stored if request.model in {"-", version.model}]
        found = [version for version in found if version.project == request.project]
        found = [version for version in found if request.show_pending or version.state == pb.Version.STATE_READY]
        found = chosen(found, request, context)
        page, token = self._page(found, request)
        return pb.ListVersionsResponse(versions=page, next_page_token=token)

    def FinalizeVersion(self, request, context):
        key = (request.project, request.model, request.version)
        begun = [each for each in self.uploads.values() if each.version == key and not each.message.committed]
        if begun or not self.files[key]:
            abort(context, FailedPrecondition("an upload is not committed, or there is no file"))
        version = self.versions[key]
        version.state = pb.Version.STATE_READY
        version.file_count = len(self.files[key])
        version.size_bytes = sum(len(data) for data in self.files[key].values())
        version.manifest_sha256 = _manifest(self.files[key])
        model = self.models[key[:2]]
        model.latest_version = max(model.latest_version, request.version)
        return pb.FinalizeVersionResponse(version=version)

    # Files

    def BeginUpload(self, request, context):
        key = (request.project, request.model, request.version)
        if self.versions[key].state != pb.Version.STATE_PENDING:
            abort(context, FailedPrecondition("the version is not PENDING"))
        for upload in list(self.uploads.values()):
            if upload.version == key and upload.message.file == request.file:
                return pb.BeginUploadResponse(upload=upload.message)
        message = pb.Upload(upload_id=str(uuid.uuid4()), file=request.file)
        upload = StoredUpload(message, key)
        if request.file.sha256 in self.blobs:
            self._commit(upload, self.blobs[request.file.sha256])
        self.uploads[message.upload_id] = upload
        return pb.BeginUploadResponse(upload=message)

    def WriteUpload(self, requests, context):
        upload = None
        for request in requests:
            if upload is None:
                upload = self.uploads[request.upload_id]
                self.writes.append((upload.message.file.path, request.offset))
            if request.offset != len(upload.data):
                abort(context, OutOfRange(f"received {len(upload.data)}"))
            assert len(request.data) <= 1024 * 1024
            end = request.offset + len(request.data)
            if self.break_write_at and request.offset <= self.break_write_at[0] < end:
                keep = self.break_write_at.pop(0) - request.offset
                upload.data += request.data[:keep]
                upload.message.received_bytes = len(upload.data)
                abort(context, Unavailable("stopping"))
            upload.data += request.data
            upload.message.received_bytes = len(upload.data)
            self.written[upload.message.file.path].set()
        return pb.WriteUploadResponse(upload=upload.message)

    def GetUpload(self, request, context):
        return pb.GetUploadResponse(upload=self.uploads[request.upload_id].message)

    def CommitUpload(self, request, context):
        upload = self.uploads[request.upload_id]
        if not upload.message.committed:
            if len(upload.data) != upload.message.file.size_bytes:
                abort(context, FailedPrecondition("bytes are missing"))
            if hashlib.sha256(upload.data).hexdigest() != upload.message.file.sha256:
                upload.data.clear()
                abort(context, DataLoss("the digest differs"))
            self._commit(upload, bytes(upload.data))
        return pb.CommitUploadResponse(file=upload.message.file)

    def ListFiles(self, request, context):
        version = self._version(request, context)
        stored = self.files[version.project, version.model, version.version]
        page, token = self._page([_file(path, data) for path, data in sorted(stored.items())], request)
        return pb.ListFilesResponse(files=page, next_page_token=token)

    def DownloadFile(self, request, context):
        version = self._version(request, context)
        data = self.files[version.project, version.model, version.version][request.path]
        message = _file(request.path, data)
        if request.path in self.damaged:
            data = bytes(len(data))
        self.reads.append((request.path, request.offset))
        for offset in range(request.offset, max(len(data), request.offset + 1), PIECE):
            piece = data[offset : offset + PIECE]
            cut = self.break_read_at[0] - offset if self.break_read_at else len(piece) + 1
            if 0 <= cut <= len(piece):
                self.break_read_at.pop(0)
                yield pb.DownloadFileResponse(file=message, offset=offset, data=piece[:cut])
                abort(context, Unavailable("stopping"))
            yield pb.DownloadFileResponse(file=message, offset=offset, data=piece)

    def _commit(self, upload: StoredUpload, data: bytes) -> None:
        self.blobs[upload.message.file.sha256] = data
        self.files[upload.version][upload.message.file.path] = data
        upload.message.received_bytes = len(data)
        upload.message.committed = True

    def _version(self, request, context, *, pending: bool = False):
        number = request.version
        alias = getattr(request, "alias", "")
        if alias and of(request) in self.models:
            number = self.models[of(request)].aliases.get(alias, -1)
        if not number and of(request) in self.models:
            number = self.models[of(request)].latest_version
        version = self.versions.get((request.project, request.model, number))
        if version is None or (version.state != pb.Version.STATE_READY and not pending):
            abort(context, missing("version", f"{request.model} version {number or 'latest'}"))
        return version

    def _page(self, found, request):
        size = min(request.page_size or 50, self.largest_page)
        self.lists.append(size)
        start = int(request.page_token or 0)
        token = str(start + size) if start + size < len(found) else ""
        return found[start : start + size], token


def _name(message) -> str:
    return message.name


def _file(path: str, data: bytes) -> pb.File:
    return pb.File(path=path, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _manifest(files: dict[str, bytes]) -> str:
    lines = (f"{hashlib.sha256(data).hexdigest()} {len(data)} {path}\n" for path, data in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _exists(kind: str, name: str) -> AlreadyExists:
    return AlreadyExists(f"{kind} {name!r} is there already", resource_type=kind, resource_name=name)
