"""Files of a version onto this machine: whole and verified, or not there at all."""

import hashlib
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import servery.registry.v1 as pb
from servery.client._connection import Connection
from servery.client._resources import File, Version
from servery.client._transfer import CALL_TIMEOUT_S, CHUNK_BYTES, Patience, Tally
from servery.errors import DataLoss, FailedPrecondition, ServeryError


class Download:
    """Downloads the files of one version, one after the other; goes on where it was when the registry was away."""

    def __init__(
        self,
        registry: Connection,
        version: Version,
        folder: Path,
        tally: Tally,
        *,
        patience: Callable[[], Patience] = Patience,
    ) -> None:
        self._registry = registry
        self._version = version
        self._folder = folder
        self._tally = tally
        self._patience = patience

    def file(self, file: File) -> Path:
        """Download one file, unless it is there already with the same content.

        The bytes are written beside it and renamed once their digest is verified. Raise DataLoss when they are not
        those of the digest, Unavailable when the registry stays away.
        """
        target = self._target(file.path)
        if not _same(target, file):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fetch(file, target)
            except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                raise FailedPrecondition(
                    f"can't write {target}: a file stands where a folder is needed, or the other way round; "
                    "pull into an empty folder",
                    subject=str(target),
                ) from error
        self._tally.finished(file.path, file.size_bytes)
        return target

    def _target(self, path: str) -> Path:
        """Where the file goes. What the registry says is not trusted to stay in the folder."""
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or "\\" in path or not parts.parts or Path(path).drive:
            raise DataLoss(
                f"the registry names a file {path!r}, which would lie outside of the folder; it is not taken"
            )
        return self._folder.joinpath(*parts.parts)

    def _fetch(self, file: File, target: Path) -> None:
        part = target.parent / f".servery-{uuid.uuid4().hex}.part"
        try:
            with part.open("xb") as stream:
                sha256 = self._receive(file, stream)
            if sha256 != file.sha256:
                raise DataLoss(
                    f"the bytes of {file.path} are not those of its digest: pull again; if it stays so, the registry's "
                    "copy is damaged and the version has to be pushed anew",
                    metadata={"path": file.path},
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def _receive(self, file: File, stream: BinaryIO) -> str:
        stub = self._registry.stub(pb.FileServiceStub)
        patience = self._patience()
        sha256 = hashlib.sha256()
        where = 0
        while where < file.size_bytes:
            request = pb.DownloadFileRequest(
                project=self._version.project,
                model=self._version.model,
                version=self._version.version,
                path=file.path,
                offset=where,
            )
            start = where
            answers = self._registry.stream(stub.DownloadFile, request, timeout_s=CALL_TIMEOUT_S)
            try:
                with closing(answers) as pieces:
                    for piece in pieces:
                        if piece.offset != where or where + len(piece.data) > file.size_bytes:
                            raise DataLoss(f"the registry sent {file.path} with a gap or bytes too many: pull again")
                        stream.write(piece.data)
                        sha256.update(piece.data)
                        where += len(piece.data)
                        patience.progressed()
                        self._tally.at(file.path, where, file.size_bytes)
            except ServeryError as error:
                patience.after(error)
            else:
                if where == start:
                    raise DataLoss(f"the registry ends {file.path} after {where} of {file.size_bytes} bytes")
        return sha256.hexdigest()


def _same(target: Path, file: File) -> bool:
    if target.is_symlink() or not target.is_file() or target.stat().st_size != file.size_bytes:
        return False
    sha256 = hashlib.sha256()
    with target.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            sha256.update(chunk)
    return sha256.hexdigest() == file.sha256
