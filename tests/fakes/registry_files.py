"""The registry's FileService, in memory: versions with their files, to be downloaded."""

import hashlib
from collections.abc import AsyncIterator

import grpc

import servery.registry.v1 as pb


class FakeFiles(pb.FileServiceServicer):
    """Put files into `versions`, by project, model and version number. Set `break_at` to lose the line once."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str, int], dict[str, bytes]] = {}
        self.break_at: int | None = None
        self.chunk = 1000
        self.offsets: list[int] = []
        """Of each download that was begun."""

        self.digests: dict[str, str] = {}
        """Digests to announce in place of the true ones, by path."""

    def file(self, path: str, data: bytes) -> pb.File:
        digest = self.digests.get(path) or hashlib.sha256(data).hexdigest()
        return pb.File(path=path, size_bytes=len(data), sha256=digest)

    async def ListFiles(self, request, context) -> pb.ListFilesResponse:
        files = self.versions.get((request.project, request.model, request.version))
        if files is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"model '{request.model}' has no version {request.version}")
        paths = sorted(files)
        begin = int(request.page_token or 0)
        size = min(request.page_size or 50, 2)  # small pages, so that every test turns some
        token = str(begin + size) if begin + size < len(paths) else ""
        return pb.ListFilesResponse(
            files=[self.file(path, files[path]) for path in paths[begin : begin + size]], next_page_token=token
        )

    async def DownloadFile(self, request, context) -> AsyncIterator[pb.DownloadFileResponse]:
        data = self.versions[request.project, request.model, request.version][request.path]
        self.offsets.append(request.offset)
        yield pb.DownloadFileResponse(file=self.file(request.path, data), offset=request.offset)
        for offset in range(request.offset, len(data), self.chunk):
            if self.break_at is not None and offset >= self.break_at:
                self.break_at = None
                await context.abort(grpc.StatusCode.UNAVAILABLE, "going away")
            yield pb.DownloadFileResponse(offset=offset, data=data[offset : offset + self.chunk])
