"""FileService: check, convert, call, convert."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import servery.registry.v1 as pb
from servery_registry.api import checks, convert, windows
from servery_registry.app.files import FileUseCases
from servery_registry.domain.upload import Piece


class FileServicer(pb.FileServiceServicer):
    def __init__(self, files: FileUseCases) -> None:
        self._files = files

    async def BeginUpload(self, request: pb.BeginUploadRequest, context: Any) -> pb.BeginUploadResponse:
        checks.begin_upload(request)
        project, file = convert.project_from_proto(request.project), convert.file_from_proto(request.file)
        progress = await self._files.begin(project, request.model, request.version, file)
        return pb.BeginUploadResponse(upload=convert.upload_to_proto(progress))

    async def WriteUpload(self, request_iterator: Any, context: Any) -> pb.WriteUploadResponse:
        requests = aiter(request_iterator)
        first = await anext(requests, pb.WriteUploadRequest())
        checks.upload_id(first.upload_id)
        progress = await self._files.write(first.upload_id, _pieces(first, requests))
        return pb.WriteUploadResponse(upload=convert.upload_to_proto(progress))

    async def GetUpload(self, request: pb.GetUploadRequest, context: Any) -> pb.GetUploadResponse:
        checks.upload_id(request.upload_id)
        progress = await self._files.get_upload(request.upload_id)
        return pb.GetUploadResponse(upload=convert.upload_to_proto(progress))

    async def CommitUpload(self, request: pb.CommitUploadRequest, context: Any) -> pb.CommitUploadResponse:
        checks.upload_id(request.upload_id)
        file = await self._files.commit(request.upload_id)
        return pb.CommitUploadResponse(file=convert.file_to_proto(file))

    async def ListFiles(self, request: pb.ListFilesRequest, context: Any) -> pb.ListFilesResponse:
        checks.list_files(request)
        number, window = windows.files_window(request)
        project = convert.project_from_proto(request.project)
        version, found = await self._files.list(project, request.model, number, window)
        messages, shown = windows.fitting(found, convert.file_to_proto)
        return pb.ListFilesResponse(files=messages, next_page_token=windows.files_token(request, version, shown))

    async def DownloadFile(
        self, request: pb.DownloadFileRequest, context: Any
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        checks.download_file(request)
        project = convert.project_from_proto(request.project)
        file, pieces = await self._files.download(project, request.model, request.version, request.path, request.offset)
        head: pb.File | None = convert.file_to_proto(file)
        async with aclosing(pieces):
            async for piece in pieces:
                yield pb.DownloadFileResponse(file=head, offset=piece.offset, data=piece.data)
                head = None
        if head is not None:  # nothing to read: the file is empty, or the offset its end
            yield pb.DownloadFileResponse(file=head, offset=request.offset)


async def _pieces(first: pb.WriteUploadRequest, rest: AsyncIterator[pb.WriteUploadRequest]) -> AsyncIterator[Piece]:
    yield Piece(first.offset, first.data)
    async for request in rest:
        checks.write_upload(request, first.upload_id)
        yield Piece(request.offset, request.data)
