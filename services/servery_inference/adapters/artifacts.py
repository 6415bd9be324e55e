"""Files of model versions, from the registry into a folder on this machine.

A version's folder appears by a rename, when all is in it and verified; so one that is there is complete, whatever ended
the process that filled it, and is used without asking the registry.
"""

import asyncio
import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any, Final

import grpc

import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import DataLoss, FailedPrecondition, ResourceExhausted, ServeryError, Unavailable
from servery_inference.domain.assignment import Assignment

log = logging.getLogger(__name__)

ATTEMPTS: Final = 5
"""How often a download is taken up again, without a byte in between, before it fails."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_.+=@-](?:[A-Za-z0-9_.+=@ -]{0,253}[A-Za-z0-9_.+=@-])?")
_UNFINISHED: Final = ".unfinished-"


class RegistryArtifacts:
    """Fetches each version once, into `<cache>/versions/<version_id>`."""

    def __init__(
        self, channel: grpc.aio.Channel, cache: Path, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """No other process may fetch into `cache`: what an earlier one left unfinished is removed."""
        self._files: Any = pb.FileServiceStub(channel)
        self._folder = cache / "versions"
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(path)
        self._sleep = sleep
        self._locks: dict[str, asyncio.Lock] = {}

    async def fetch(self, assignment: Assignment) -> Path:
        """As `domain.ports.Artifacts` says."""
        if not _ID.fullmatch(assignment.version_id):
            raise FailedPrecondition(
                f"the version's id {assignment.version_id[:100]!r} is not one that a registry gives"
            )
        async with self._locks.setdefault(assignment.version_id, asyncio.Lock()):
            final = self._folder / assignment.version_id
            if not final.is_dir():
                await self._fill(assignment, final)
            return final

    async def _fill(self, assignment: Assignment, final: Path) -> None:
        prefix = f"{_UNFINISHED}{assignment.version_id}-"
        try:
            # Gone after the rename, which is no error to it.
            with tempfile.TemporaryDirectory(prefix=prefix, dir=self._folder, ignore_cleanup_errors=True) as name:
                folder = Path(name)
                for file in await self._list(assignment):
                    await self._download(assignment, file, folder)
                await asyncio.to_thread(_publish, folder, final)
            log.info("fetched version %s of model %s", assignment.model_version, assignment.model)
        except OSError as error:
            raise ResourceExhausted(
                f"the files can't be written to the cache: {error.strerror}; make room or fix the rights of the folder "
                "'cache' in the home of the inference node",
                reason="CACHE_NOT_WRITABLE",
            ) from error

    async def _list(self, assignment: Assignment) -> list[pb.File]:
        request = pb.ListFilesRequest(
            project=assignment.project, model=assignment.model, version=assignment.model_version, page_size=1000
        )
        files: list[pb.File] = []
        try:
            while True:
                page = await self._files.ListFiles(request)
                files.extend(page.files)
                request.page_token = page.next_page_token
                if not request.page_token:
                    break
        except grpc.aio.AioRpcError as error:
            raise _registry_error(error) from error
        if not files:
            raise FailedPrecondition(
                f"version {assignment.model_version} of model '{assignment.model}' has no files; push it again"
            )
        return files

    async def _download(self, assignment: Assignment, file: pb.File, folder: Path) -> None:
        path = folder.joinpath(*safe_path(file.path))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            receiving = _Receiving(target, file)
            failures = 0
            while True:
                before = receiving.size
                try:
                    await self._receive(assignment, file, receiving)
                    break
                except Unavailable:
                    failures = failures + 1 if receiving.size == before else 1
                    if failures >= ATTEMPTS:
                        raise
                    log.info("%s: taking up the download at byte %d", file.path, receiving.size)
                    await self._sleep(min(0.1 * 2**failures, 2.0))
            await asyncio.to_thread(receiving.finish)
        path.chmod(0o444)

    async def _receive(self, assignment: Assignment, file: pb.File, receiving: "_Receiving") -> None:
        request = pb.DownloadFileRequest(
            project=assignment.project,
            model=assignment.model,
            version=assignment.model_version,
            path=file.path,
            offset=receiving.size,
        )
        call = self._files.DownloadFile(request)
        try:
            async for piece in call:
                await asyncio.to_thread(receiving.write, piece.offset, piece.data)
        except grpc.aio.AioRpcError as error:
            raise _registry_error(error) from error
        finally:
            call.cancel()


def _publish(folder: Path, final: Path) -> None:
    folder.chmod(0o755)  # it was nobody else's to read
    folder.rename(final)


class _Receiving:
    """A file that is being received: its size and digest so far."""

    def __init__(self, target: IO[bytes], file: pb.File) -> None:
        self.size = 0
        self._target = target
        self._file = file
        self._digest = hashlib.sha256()

    def write(self, offset: int, data: bytes) -> None:
        if offset != self.size or self.size + len(data) > self._file.size_bytes:
            raise DataLoss(f"{self._file.path}: the registry sent other bytes than it announced; it is tried again")
        self._target.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> None:
        if self.size != self._file.size_bytes or self._digest.hexdigest() != self._file.sha256:
            raise DataLoss(
                f"{self._file.path}: the registry sent {self.size} bytes that do not have the promised SHA-256; if "
                "this lasts, push the version again",
                reason="DIGEST_MISMATCH",
            )
        self._target.flush()
        os.fsync(self._target.fileno())


def safe_path(path: str) -> list[str]:
    """The segments of a file's path. Raise DataLoss when it could lead out of its folder."""
    segments = path.split("/")
    if len(path) > 1024 or any(name in (".", "..") or not _SEGMENT.fullmatch(name) for name in segments):
        raise DataLoss(f"the registry lists a file at {path[:100]!r}, which is no path inside a version")
    return segments


def _registry_error(error: grpc.aio.AioRpcError) -> ServeryError:
    translated = from_rpc(error)
    if isinstance(translated, Unavailable):
        return Unavailable("the registry does not answer; it is tried again", reason="REGISTRY_UNAVAILABLE")
    return translated
