"""The registry's use cases over gRPC: the same calls, the same errors, somewhere else."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask

import servery.registry.v1 as pb
from servery_kit import paging
from servery_kit.channel import open_channel
from servery_registry.api import convert, metadata_convert, windows
from servery_registry.api.search import ALL_MODELS, key_text, search_from_proto
from servery_registry.domain.file import File
from servery_registry.domain.filter import Filter, filter_text
from servery_registry.domain.garbage import Account, Garbage
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model, NewModel
from servery_registry.domain.order import NEWEST, Key, Order, order_text
from servery_registry.domain.scan import Finding, Scan, Verdict
from servery_registry.domain.upload import Piece, Progress
from servery_registry.domain.version import NewVersion, State, Version, VersionChange
from tests.contracts.remote_metadata import RemoteAliases, RemoteTags, answer, change_to_proto, described


@dataclass
class RemoteRegistry:
    models: "RemoteModels"
    versions: "RemoteVersions"
    files: "RemoteFiles"
    aliases: RemoteAliases
    tags: RemoteTags
    pins: "RemotePins"
    storage: "RemoteStorage"

    @classmethod
    def over(cls, channel: grpc.aio.Channel) -> "RemoteRegistry":
        return cls(
            RemoteModels(channel),
            RemoteVersions(channel),
            RemoteFiles(channel),
            RemoteAliases(channel),
            RemoteTags(channel),
            RemotePins(channel),
            RemoteStorage(channel),
        )


@asynccontextmanager
async def remote_registry(address: str) -> AsyncIterator[RemoteRegistry]:
    async with open_channel(address) as channel:
        yield RemoteRegistry.over(channel)


class RemoteModels:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.ModelServiceStub(channel)

    async def create(self, new: NewModel, *, creator: str, request_id: str = "") -> Model:
        request = pb.CreateModelRequest(
            project=new.project, name=new.name, description=new.description, request_id=request_id
        )
        return _model((await answer(self._stub.CreateModel(request))).model)

    async def get(self, project: str, name: str) -> Model:
        return _model((await answer(self._stub.GetModel(pb.GetModelRequest(project=project, name=name)))).model)

    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]:
        request = pb.ListModelsRequest(project=project, page_size=window.size, name_prefix=prefix)
        if window.after is not None:
            request.page_token = windows.models_token(request, _until(_Named(name=window.after)))
        response = await answer(self._stub.ListModels(request))
        return Listing([_model(model) for model in response.models], more=bool(response.next_page_token))

    async def update(self, project: str, name: str, *, description: str | None, etag: str = "") -> Model:
        request = pb.UpdateModelRequest(
            model=pb.Model(project=project, name=name, description=description or "", etag=etag),
            update_mask=FieldMask(paths=[] if description is None else ["description"]),
        )
        return _model((await answer(self._stub.UpdateModel(request))).model)

    async def delete(self, project: str, name: str) -> None:
        await answer(self._stub.DeleteModel(pb.DeleteModelRequest(project=project, name=name)))


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
            input_example=new.input_example,
            schema=metadata_convert.model_schema_to_proto(new.schema),
            provenance=metadata_convert.provenance_to_proto(new.provenance),
        )
        return _version((await answer(self._stub.CreateVersion(request))).version)

    async def get(
        self, project: str, model: str, number: int, *, show_pending: bool = False, alias: str = ""
    ) -> Version:
        request = pb.GetVersionRequest(
            project=project, model=model, version=number, show_pending=show_pending, alias=alias
        )
        return _version((await answer(self._stub.GetVersion(request))).version)

    async def list(
        self,
        project: str,
        model: str | None,
        window: Window[Key],
        *,
        show_pending: bool = False,
        where: Filter = (),
        order: Order = NEWEST,
    ) -> Listing[Version]:
        request = pb.ListVersionsRequest(
            project=project,
            model=model or ALL_MODELS,
            page_size=window.size,
            show_pending=show_pending,
            filter=filter_text(where),
            order_by=order_text(order),
        )
        if window.after is not None:
            scope = search_from_proto(request).scope
            request.page_token = paging.next_token(key_text(window.after), *scope)
        response = await answer(self._stub.ListVersions(request))
        return Listing([_version(version) for version in response.versions], more=bool(response.next_page_token))

    async def finalize(self, project: str, model: str, number: int) -> Version:
        request = pb.FinalizeVersionRequest(project=project, model=model, version=number)
        return _version((await answer(self._stub.FinalizeVersion(request))).version)

    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version:
        directions = pb.GetBestVersionRequest
        direction = directions.DIRECTION_MAX if highest else directions.DIRECTION_MIN
        request = pb.GetBestVersionRequest(project=project, model=model, metric=metric, direction=direction)
        return _version((await answer(self._stub.GetBestVersion(request))).version)

    async def update(self, project: str, model: str, number: int, change: VersionChange, *, etag: str = "") -> Version:
        request = change_to_proto(project, model, number, change, etag)
        return _version((await answer(self._stub.UpdateVersion(request))).version)

    async def delete(self, project: str, model: str, number: int, *, etag: str = "") -> None:
        request = pb.DeleteVersionRequest(project=project, model=model, version=number, etag=etag)
        await answer(self._stub.DeleteVersion(request))


class RemotePins:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.PinServiceStub(channel)

    async def pin(self, project: str, model: str, number: int, user: str) -> None:
        request = pb.PinVersionRequest(project=project, model=model, version=number, user=user)
        await answer(self._stub.PinVersion(request))

    async def unpin(self, project: str, model: str, number: int, user: str) -> None:
        request = pb.UnpinVersionRequest(project=project, model=model, version=number, user=user)
        await answer(self._stub.UnpinVersion(request))


class RemoteStorage:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.StorageServiceStub(channel)

    async def collect(self, *, dry_run: bool = False, grace: timedelta | None = None) -> Account:
        request = pb.CollectGarbageRequest(dry_run=dry_run)
        if grace is not None:
            request.grace.FromTimedelta(grace)
        response = await answer(self._stub.CollectGarbage(request))
        account = Account()
        for each in response.garbage:
            account.add(Garbage(sha256=each.sha256, upload_id=each.upload_id, size_bytes=each.size_bytes))
        assert (account.count, account.size_bytes) == (response.count, response.size_bytes)
        return account


class RemoteFiles:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = pb.FileServiceStub(channel)

    async def begin(self, project: str, model: str, number: int, file: File) -> Progress:
        request = pb.BeginUploadRequest(project=project, model=model, version=number, file=convert.file_to_proto(file))
        return _progress((await answer(self._stub.BeginUpload(request))).upload)

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
            return _progress((await answer(call)).upload)
        except asyncio.CancelledError:
            if broken:
                raise broken[0] from None
            raise

    async def get_upload(self, upload_id: str) -> Progress:
        return _progress((await answer(self._stub.GetUpload(pb.GetUploadRequest(upload_id=upload_id)))).upload)

    async def commit(self, upload_id: str) -> File:
        response = await answer(self._stub.CommitUpload(pb.CommitUploadRequest(upload_id=upload_id)))
        return convert.file_from_proto(response.file)

    async def list(self, project: str, model: str, number: int, window: Window[str]) -> tuple[int, Listing[File]]:
        request = pb.ListFilesRequest(project=project, model=model, version=number, page_size=window.size)
        if window.after is not None:
            request.page_token = windows.files_token(request, number, _until(_Named(path=window.after)))
        response = await answer(self._stub.ListFiles(request))
        files = [convert.file_from_proto(file) for file in response.files]
        return number, Listing(files, more=bool(response.next_page_token))

    async def download(
        self, project: str, model: str, number: int, path: str, offset: int = 0
    ) -> tuple[File, AsyncGenerator[Piece, None]]:
        request = pb.DownloadFileRequest(project=project, model=model, version=number, path=path, offset=offset)
        call = self._stub.DownloadFile(request)
        first = await answer(call.read())
        return convert.file_from_proto(first.file), _pieces(first, call)


async def _pieces(first: pb.DownloadFileResponse, call: Any) -> AsyncGenerator[Piece, None]:
    response = first
    while response is not grpc.aio.EOF:
        if response.data:
            yield Piece(response.offset, response.data)
        response = await answer(call.read())


@dataclass
class _Named:
    """Stands for the last item of a page, of which a token needs the key alone."""

    name: str = ""
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
        aliases=dict(model.aliases),
        tags={name: convert.value_from_proto(value) for name, value in model.tags.items()},
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
        **described(version),
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
