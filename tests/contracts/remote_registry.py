"""The registry's use cases over gRPC: the same calls, the same errors, somewhere else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import grpc

import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery_kit.channel import open_channel
from servery_registry.api import convert, windows
from servery_registry.domain.file import File
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model, NewModel
from servery_registry.domain.scan import Finding, Scan, Verdict
from servery_registry.domain.upload import Piece, Progress
from servery_registry.domain.version import NewVersion, State, Version


@dataclass
class RemoteRegistry:
    models: "RemoteModels"
    versions: "RemoteVersions"
    files: "RemoteFiles"


@asynccontextmanager
async def remote_registry(address: str) -> AsyncIterator[RemoteRegistry]:
    async with open_channel(address) as channel:
        yield RemoteRegistry(RemoteModels(channel), RemoteVersions(channel), RemoteFiles(channel))


async def _answer(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except grpc.RpcError as error:
        raise from_rpc(error) from error


class RemoteModels:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.ModelServiceStub(channel)

    async def create(self, new: NewModel, *, creator: str, request_id: str = "") -> Model:
        request = pb.CreateModelRequest(
            project=new.project, name=new.name, description=new.description, request_id=request_id
        )
        return _model((await _answer(self._stub.CreateModel(request))).model)

    async def get(self, project: str, name: str) -> Model:
        return _model((await _answer(self._stub.GetModel(pb.GetModelRequest(project=project, name=name)))).model)

    async def list(self, project: str, window: Window[str]) -> Listing[Model]:
        request = pb.ListModelsRequest(project=project, page_size=window.size)
        if window.after is not None:
            request.page_token = windows.models_token(request, _until(_Named(name=window.after)))
        response = await _answer(self._stub.ListModels(request))
        return Listing([_model(model) for model in response.models], more=bool(response.next_page_token))


class RemoteVersions:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.VersionServiceStub(channel)

    async def create(self, new: NewVersion, *, creator: str, request_id: str = "") -> Version:
        request = pb.CreateVersionRequest(
            project=new.project,
            model=new.model,
            version=new.number,
            framework=convert.framework_to_proto(new.framework),
            metrics=new.metrics,
            description=new.description,
            request_id=request_id,
        )
        return _version((await _answer(self._stub.CreateVersion(request))).version)

    async def get(self, project: str, model: str, number: int, *, show_pending: bool = False) -> Version:
        request = pb.GetVersionRequest(project=project, model=model, version=number, show_pending=show_pending)
        return _version((await _answer(self._stub.GetVersion(request))).version)

    async def list(
        self, project: str, model: str, window: Window[int], *, show_pending: bool = False
    ) -> Listing[Version]:
        request = pb.ListVersionsRequest(project=project, model=model, page_size=window.size, show_pending=show_pending)
        if window.after is not None:
            request.page_token = windows.versions_token(request, _until(_Named(number=window.after)))
        response = await _answer(self._stub.ListVersions(request))
        return Listing([_version(version) for version in response.versions], more=bool(response.next_page_token))

    async def finalize(self, project: str, model: str, number: int) -> Version:
        request = pb.FinalizeVersionRequest(project=project, model=model, version=number)
        return _version((await _answer(self._stub.FinalizeVersion(request))).version)


class RemoteFiles:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.FileServiceStub(channel)

    async def begin(self, project: str, model: str, number: int, file: File) -> Progress:
        request = pb.BeginUploadRequest(project=project, model=model, version=number, file=convert.file_to_proto(file))
        return _progress((await _answer(self._stub.BeginUpload(request))).upload)

    async def write(self, upload_id: str, pieces: AsyncIterator[Piece]) -> Progress:
        broken: list[OSError] = []

        async def requests() -> AsyncIterator[pb.WriteUploadRequest]:
            try:
                async for piece in pieces:
                    yield pb.WriteUploadRequest(upload_id=upload_id, offset=piece.offset, data=piece.data)
            except OSError as error:  # the source broke: so does the connection
                broken.append(error)
                call.cancel()

        call = self._stub.WriteUpload(requests())
        try:
            return _progress((await _answer(call)).upload)
        except asyncio.CancelledError:
            if broken:
                raise broken[0] from None
            raise

    async def get_upload(self, upload_id: str) -> Progress:
        return _progress((await _answer(self._stub.GetUpload(pb.GetUploadRequest(upload_id=upload_id)))).upload)

    async def commit(self, upload_id: str) -> File:
        response = await _answer(self._stub.CommitUpload(pb.CommitUploadRequest(upload_id=upload_id)))
        return convert.file_from_proto(response.file)

    async def list(self, project: str, model: str, number: int, window: Window[str]) -> tuple[int, Listing[File]]:
        request = pb.ListFilesRequest(project=project, model=model, version=number, page_size=window.size)
        if window.after is not None:
            request.page_token = windows.files_token(request, number, _until(_Named(path=window.after)))
        response = await _answer(self._stub.ListFiles(request))
        files = [convert.file_from_proto(file) for file in response.files]
        return number, Listing(files, more=bool(response.next_page_token))

    async def download(
        self, project: str, model: str, number: int, path: str, offset: int = 0
    ) -> tuple[File, AsyncGenerator[Piece, None]]:
        request = pb.DownloadFileRequest(project=project, model=model, version=number, path=path, offset=offset)
        call = self._stub.DownloadFile(request)
        first = await _answer(call.read())
        return convert.file_from_proto(first.file), _pieces(first, call)


async def _pieces(first: pb.DownloadFileResponse, call: Any) -> AsyncGenerator[Piece, None]:
    response = first
    while response is not grpc.aio.EOF:
        if response.data:
            yield Piece(response.offset, response.data)
        response = await _answer(call.read())


@dataclass
class _Named:
    """Stands for the last item of a page, of which a token needs the key alone."""

    name: str = ""
    number: int = 0
    path: str = ""


def _until(last: Any) -> Listing[Any]:
    return Listing([last], more=True)


def _model(model: pb.Model) -> Model:
    return Model(
        project=model.project,
        name=model.name,
        description=model.description,
        latest_version=model.latest_version,
        creator=model.creator,
        create_time=model.create_time.ToDatetime(UTC),
        update_time=model.update_time.ToDatetime(UTC),
        etag=model.etag,
    )


def _version(version: pb.Version) -> Version:
    return Version(
        project=version.project,
        model=version.model,
        number=version.version,
        id=version.id,
        state=State(pb.Version.State.Name(version.state).removeprefix("STATE_")),
        framework=convert.framework_from_proto(version.framework),
        metrics=dict(version.metrics),
        description=version.description,
        file_count=version.file_count,
        size_bytes=version.size_bytes,
        creator=version.creator,
        create_time=version.create_time.ToDatetime(UTC),
        update_time=version.update_time.ToDatetime(UTC),
        etag=version.etag,
        manifest_sha256=version.manifest_sha256,
        scan=_scan(version.scan) if version.HasField("scan") else None,
    )


def _scan(scan: pb.Scan) -> Scan:
    return Scan(
        verdict=_verdict(scan.verdict),
        scanner=scan.scanner,
        findings=tuple(
            Finding(path=each.path, format=each.format, verdict=_verdict(each.verdict), text=each.text)
            for each in scan.findings
        ),
        scan_time=scan.scan_time.ToDatetime(UTC),
    )


def _verdict(verdict: Any) -> Verdict:
    return Verdict(pb.Scan.Verdict.Name(verdict).removeprefix("VERDICT_"))


def _progress(upload: pb.Upload) -> Progress:
    return Progress(upload.upload_id, convert.file_from_proto(upload.file), upload.received_bytes, upload.committed)
