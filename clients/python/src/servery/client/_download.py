"""Files of a version onto this machine: whole and verified, or not there at all."""

import hashlib
import re
import shutil
import uuid
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import servery.registry.v1 as pb
from servery.client._cache import Cache, Part
from servery.client._connection import Connection
from servery.client._crew import Crew
from servery.client._resources import File, Version
from servery.client._transfer import CALL_TIMEOUT_S, CHUNK_BYTES, Tally
from servery.errors import DataLoss, FailedPrecondition, ServeryError


class Download:
    """Downloads the files of one version; goes on where it was when the registry was away, or the client gave up.

    Several files may be downloaded at once, each in a thread of the crew.
    """

    def __init__(
        self, registry: Connection, version: Version, folder: Path, tally: Tally, *, crew: Crew, cache: Cache
    ) -> None:
        self._registry = registry
        self._version = version
        self._folder = folder
        self._tally = tally
        self._crew = crew
        self._cache = cache

    def file(self, file: File) -> Path:
        """Download one file, unless it is there already with the same content.

        The bytes are written beside it and renamed once their digest is verified. Raise DataLoss when they are not
        those of the digest, Unavailable when the registry stays away.
        """
        self._crew.check()
        target = self._target(file.path, file.sha256)
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

    def _target(self, path: str, sha256: str) -> Path:
        """Where the file goes. What the registry says is not trusted to stay in the folder."""
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or "\\" in path or not parts.parts or Path(path).drive:
            raise DataLoss(
                f"the registry names a file {path!r}, which would lie outside of the folder; it is not taken"
            )
        if not re.fullmatch("[0-9a-f]{64}", sha256):  # it names a file of the cache
            raise DataLoss(f"the registry gives no digest of {path}; it is not taken")
        return self._folder.joinpath(*parts.parts)

    def _fetch(self, file: File, target: Path) -> None:
        part = target.parent / f".servery-{uuid.uuid4().hex}.part"

        def copied(done: int) -> None:
            self._crew.check()
            self._tally.at(file.path, done, file.size_bytes)

        try:
            with part.open("xb") as stream:
                if not self._cache.copy_to(file.sha256, file.size_bytes, stream, copied):
                    with self._cache.part(file.sha256, file.size_bytes) as kept:
                        if kept is None:
                            self._receive_all(file, stream)
                        else:
                            self._receive_rest(file, kept)
                            shutil.copyfileobj(kept.stream, stream, CHUNK_BYTES)
                            kept.keep()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        if file.size_bytes > self._cache.limit_bytes // 16:
            self._cache.trim()

    def _receive_rest(self, file: File, part: Part) -> None:
        """Fill the part up; it stays for the next time when that fails. The stream stands at its begin then."""
        done, sha256 = part.digest_so_far(file.size_bytes)
        self._receive(file, part.stream, sha256, done)
        if sha256.hexdigest() != file.sha256:
            part.drop()
            if not done:
                raise _not_its_digest(file)
            self._receive_all(file, part.stream)  # what was left from an earlier time was damaged
        part.stream.seek(0)

    def _receive_all(self, file: File, stream: BinaryIO) -> None:
        sha256 = hashlib.sha256()
        self._receive(file, stream, sha256, 0)
        if sha256.hexdigest() != file.sha256:
            stream.truncate(0)
            raise _not_its_digest(file)

    def _receive(self, file: File, stream: BinaryIO, sha256: "hashlib._Hash", where: int) -> None:
        stub = self._registry.stub(pb.FileServiceStub)
        patience = self._crew.patience()
        while where < file.size_bytes:
            request = pb.DownloadFileRequest(
                project=self._version.project,
                model=self._version.model,
                version=self._version.version,
                path=file.path,
                offset=where,
            )
            start = where
            answers = self._registry.stream(
                stub.DownloadFile, request, timeout_s=CALL_TIMEOUT_S, watch=self._crew.watch
            )
            try:
                with closing(answers) as pieces:
                    for piece in pieces:
                        self._crew.check()
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


def _not_its_digest(file: File) -> DataLoss:
    return DataLoss(
        f"the bytes of {file.path} are not those of its digest: pull again; if it stays so, the registry's "
        "copy is damaged and the version has to be pushed anew",
        metadata={"path": file.path},
    )


def _same(target: Path, file: File) -> bool:
    if target.is_symlink() or not target.is_file() or target.stat().st_size != file.size_bytes:
        return False
    sha256 = hashlib.sha256()
    with target.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            sha256.update(chunk)
    return sha256.hexdigest() == file.sha256
