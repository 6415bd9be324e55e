"""Files of this machine into a version that is PENDING."""

from collections.abc import Iterator
from typing import Any, Final

import servery.registry.v1 as pb
from servery.client import _convert as convert
from servery.client._connection import Connection
from servery.client._crew import Crew
from servery.client._folder import Found, changed
from servery.client._resources import File, Version
from servery.client._transfer import CALL_TIMEOUT_S, CHUNK_BYTES, Tally
from servery.errors import DataLoss, NotFound, OutOfRange, ServeryError, Unavailable

SEGMENT_BYTES: Final = 64 * CHUNK_BYTES
"""At most so much is sent in one call, so that each call has a deadline and slow links still get there."""


class Upload:
    """Uploads the files of one version; goes on where it was when the registry was away.

    Several files may be uploaded at once, each in a thread of the crew.
    """

    def __init__(self, registry: Connection, version: Version, tally: Tally, crew: Crew) -> None:
        self._registry = registry
        self._version = version
        self._tally = tally
        self._crew = crew

    def file(self, found: Found, file: File) -> None:
        """Upload one file.

        Raise FailedPrecondition when it is not what it was when its digest was taken, Unavailable when the registry
        stays away.
        """
        stub = self._registry.stub(pb.FileServiceStub)
        begin = pb.BeginUploadRequest(
            project=self._version.project,
            model=self._version.model,
            version=self._version.version,
            file=convert.file_to_proto(file),
        )
        upload: pb.Upload = self._patiently(stub.BeginUpload, begin).upload
        self._crew.check()
        if not upload.committed:
            self._write(found, upload)
            try:
                self._patiently(stub.CommitUpload, pb.CommitUploadRequest(upload_id=upload.upload_id))
            except DataLoss as error:
                raise changed(found) from error
        self._tally.finished(file.path, file.size_bytes)

    def _write(self, found: Found, upload: pb.Upload) -> None:
        stub = self._registry.stub(pb.FileServiceStub)
        patience = self._crew.patience()
        broken: list[Exception] = []
        where, size = upload.received_bytes, upload.file.size_bytes
        while where < size:
            if found.where.stat().st_size < size:
                raise changed(found)
            try:
                messages = self._segment(found, upload.upload_id, where, size, broken)
                answer = self._registry.call(
                    stub.WriteUpload, messages, timeout_s=CALL_TIMEOUT_S, watch=self._crew.watch
                )
                reached = answer.upload.received_bytes
                _raise_first(broken)
            except ServeryError as error:
                _raise_first(broken)
                # Another writer, or a registry that came back with less, has moved the offset: ask it again.
                moved = isinstance(error, OutOfRange)
                patience.after(Unavailable(str(error)) if moved else error)
                reached = self._received(stub, upload.upload_id, where)
            else:
                if reached <= where:
                    patience.after(Unavailable(f"the registry stores nothing of {found.path}"))
            if reached > where:
                patience.progressed()
            where = reached

    def _received(self, stub: pb.FileServiceStub, upload_id: str, otherwise: int) -> int:
        try:
            request = pb.GetUploadRequest(upload_id=upload_id)
            received: int = self._registry.call(stub.GetUpload, request).upload.received_bytes
        except NotFound:
            raise
        except ServeryError:
            return otherwise  # still away: the next write finds out, and counts as a failure
        return received

    def _segment(
        self, found: Found, upload_id: str, start: int, size: int, broken: list[Exception]
    ) -> Iterator[pb.WriteUploadRequest]:
        # gRPC runs this in a thread of its own, where nobody would see what is raised: it is kept for _write.
        offset, end = start, min(start + SEGMENT_BYTES, size)
        try:
            with found.where.open("rb") as stream:
                stream.seek(start)
                while offset < end and not self._crew.stopped and (data := stream.read(min(CHUNK_BYTES, end - offset))):
                    yield pb.WriteUploadRequest(upload_id=upload_id, offset=offset, data=data)
                    offset += len(data)
                    self._tally.at(found.path, offset, size)
        except Exception as error:  # noqa: BLE001  # of the disk, or of the caller's progress function
            broken.append(error)

    def _patiently(self, method: Any, request: Any) -> Any:
        return self._crew.patience().run(lambda: self._registry.call(method, request, watch=self._crew.watch))


def _raise_first(broken: list[Exception]) -> None:
    if broken:
        raise broken[0]
