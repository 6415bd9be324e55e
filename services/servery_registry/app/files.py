"""Use cases of files: upload in three steps, list, download."""

import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime

from servery.errors import Aborted, DataLoss, FailedPrecondition, NotFound, OutOfRange, ServeryError, Unavailable
from servery_registry.app.staging import Staging
from servery_registry.app.versions import visible_version
from servery_registry.domain.blob import Blobs
from servery_registry.domain.file import File, no_such_file
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.unit_of_work import BeginWork, UnitOfWork
from servery_registry.domain.upload import Piece, Progress, Upload, must_not_be_in_the_way
from servery_registry.domain.version import Version, must_be_pending

log = logging.getLogger(__name__)

_KEEPS = 3
"""So often a content is kept anew when it is freed before its file is added: once is rare, twice is a mistake."""


class FileUseCases:
    """Files of versions. `clock` gives the time in UTC, `new_id` a UUID.

    Bytes are moved outside of units of work: those stay short, and nothing is lost when the process dies between two,
    since each step can be done again. Inside of them it is only looked whether a content is held: see `domain.content`.
    """

    def __init__(
        self, begin_work: BeginWork, blobs: Blobs, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._begin_work = begin_work
        self._blobs = blobs
        self._clock = clock
        self._new_id = new_id
        self._busy: set[str] = set()

    async def begin(self, project: str, model: str, number: int, file: File) -> Progress:
        """Announce a file. Committed at once when its content is held.

        The file of an upload that has begun gives that upload; another file of its path replaces it. Raise NotFound
        when there is no such version, FailedPrecondition when it is not PENDING, or when the path would be a file and
        a folder at once.
        """
        likely = await self._blobs.size(file.sha256) == file.size_bytes
        async with self._begin_work() as work:
            version = await work.versions.lock((await work.versions.get(project, model, number)).id)
            must_be_pending(version)
            before = await work.uploads.of_path(version.id, file.path)
            must_not_be_in_the_way(file.path, await work.uploads.in_the_way(version.id, file.path))
            upload = before
            if upload is None or upload.file != file:
                if upload is not None:
                    await work.uploads.remove(upload.id)
                upload = Upload(
                    id=self._new_id(), version_id=version.id, file=file, committed=False, create_time=self._clock()
                )
                await work.uploads.add(upload)
            if likely and not upload.committed and await self._held(work, file):
                upload = await self._commit(work, version, upload)
            await work.commit()
        if before is not None and (before.id != upload.id or upload.committed):
            await self._tidy(before.id)
        return await self._progress(upload)

    async def write(self, upload_id: str, pieces: AsyncIterator[Piece]) -> Progress:
        """Store bytes, from what is received on. Whatever ends the stream, what came before is kept.

        Raise NotFound when there is no such upload, Aborted when somebody else writes it, OutOfRange when a piece
        does not follow on or passes the announced size.
        """
        with self._claimed(upload_id):
            upload = await self._upload(upload_id)
            staging = Staging(self._blobs, upload_id, upload.file, (await self._progress(upload)).received_bytes)
            try:
                async for piece in pieces:
                    await staging.add(piece)
            finally:
                await staging.flush()
            try:
                return await self.get_upload(upload_id)
            except NotFound:  # replaced meanwhile: nobody else knows of its parts
                await self._tidy(upload_id)
                raise

    async def get_upload(self, upload_id: str) -> Progress:
        """Raise NotFound when there is none."""
        return await self._progress(await self._upload(upload_id))

    async def commit(self, upload_id: str) -> File:
        """Verify size and digest, and add the file to its version.

        Raise NotFound when there is no such upload, FailedPrecondition when bytes are missing or the version is not
        PENDING, DataLoss when the digest differs, Aborted while it is being written.
        """
        with self._claimed(upload_id):
            upload = await self._upload(upload_id)
            if not upload.committed:
                await self._keep_and_add(upload)
            await self._tidy(upload_id)
            return upload.file

    async def list(self, project: str, model: str, number: int, window: Window[str]) -> tuple[int, Listing[File]]:
        """Files of a finalised version, or for 0 of the latest, ordered by path, and the number of that version.

        Raise NotFound when there is none.
        """
        async with self._begin_work(read_only=True) as work:
            version = await visible_version(work, project, model, number)
            return version.number, await work.files.list(version.id, window)

    async def download(
        self, project: str, model: str, number: int, path: str, offset: int = 0
    ) -> tuple[File, AsyncGenerator[Piece, None]]:
        """A file of a finalised version, or for 0 of the latest, and its content from `offset` on.

        Raise NotFound when there is none, OutOfRange when the offset is past its end. The iterator raises DataLoss
        when the stored bytes are not those of the digest, as far as it reads them all.
        """
        async with self._begin_work(read_only=True) as work:
            version = await visible_version(work, project, model, number)
            file = await work.files.get(version.id, path)
        if file is None:
            raise no_such_file(model, version.number, path)
        if offset > file.size_bytes:
            raise OutOfRange(
                f"offset {offset} is past the end of {path!r}, which has {file.size_bytes} bytes",
                reason="PAST_THE_END",
                metadata={"size_bytes": str(file.size_bytes)},
            )
        return file, _verified(self._blobs, file, offset)

    @contextmanager
    def _claimed(self, upload_id: str) -> Iterator[None]:
        """One call at a time changes an upload. Between processes the store sees to it: a part is stored once."""
        if upload_id in self._busy:
            raise Aborted(
                f"another call is writing upload {upload_id}; get the upload again when that has ended, and write on",
                reason="UPLOAD_BUSY",
            )
        self._busy.add(upload_id)
        try:
            yield
        finally:
            self._busy.discard(upload_id)

    async def _upload(self, upload_id: str) -> Upload:
        async with self._begin_work(read_only=True) as work:
            return await work.uploads.get(upload_id)

    async def _progress(self, upload: Upload) -> Progress:
        received = upload.file.size_bytes if upload.committed else await self._blobs.received(upload.id)
        return Progress(upload.id, upload.file, received, upload.committed)

    async def _keep_and_add(self, upload: Upload) -> None:
        for _ in range(_KEEPS):
            await self._keep(upload)
            if await self._add_to_version(upload):
                return
        raise Unavailable(
            f"the content of {upload.file.path!r} is freed as often as it is stored; collect garbage with a grace time",
            reason="CONTENT_FREED",
            retry_after_s=1.0,
        )

    async def _keep(self, upload: Upload) -> None:
        file = upload.file
        if await self._blobs.size(file.sha256) == file.size_bytes:
            return  # kept already: by another upload, or by this one before a crash
        received = await self._blobs.received(upload.id)
        if received < file.size_bytes:
            await self._upload(upload.id)  # as below
            raise FailedPrecondition(
                f"{file.size_bytes - received} bytes of {file.path!r} are missing; write on from {received}",
                subject=f"upload {upload.id}",
                reason="UPLOAD_INCOMPLETE",
                metadata={"received_bytes": str(received)},
            )
        try:
            await self._blobs.keep(upload.id, file.sha256, file.size_bytes)
        except DataLoss:
            await self._upload(upload.id)  # not found when it was given up meanwhile, and its parts were freed
            await self._blobs.drop(upload.id)
            raise

    async def _add_to_version(self, upload: Upload) -> bool:
        """False when the content was freed before it was named."""
        async with self._begin_work() as work:
            version = await work.versions.lock(upload.version_id)
            current = await work.uploads.get(upload.id)  # read again: what was read before the lock may be old
            if current.committed:
                return True
            must_be_pending(version)
            if not await self._held(work, upload.file):
                return False
            await self._commit(work, version, current)
            await work.commit()
        return True

    async def _held(self, work: UnitOfWork, file: File) -> bool:
        """Whether a content is held, and stays so until the unit of work ends."""
        await work.contents.lock(file.sha256)
        return await self._blobs.size(file.sha256) == file.size_bytes

    async def _commit(self, work: UnitOfWork, version: Version, upload: Upload) -> Upload:
        before = await work.files.put(version.id, upload.file)
        await work.uploads.set_committed(upload.id)
        size = version.size_bytes + upload.file.size_bytes - (before.size_bytes if before else 0)
        await work.versions.save(
            replace(
                version,
                file_count=version.file_count + (before is None),
                size_bytes=size,
                update_time=self._clock(),
                etag=self._new_id(),
            )
        )
        return replace(upload, committed=True)

    async def _tidy(self, upload_id: str) -> None:
        """Drop parts that nobody needs. What the caller asked for is done, so a failure is for the log alone."""
        try:
            await self._blobs.drop(upload_id)
        except ServeryError as error:
            log.warning("parts of upload %s are left in the blob store: %s", upload_id, error)


async def _verified(blobs: Blobs, file: File, offset: int) -> AsyncGenerator[Piece, None]:
    """The content from `offset` on. All of it is read and verified, and the last piece held back until it is.

    So nobody gets the end of a content that is damaged, wherever they begin.
    """
    digest = hashlib.sha256()
    position = 0
    last: Piece | None = None
    async with aclosing(blobs.read(file.sha256)) as chunks:
        async for chunk in chunks:
            begin, position = position, position + len(chunk)
            if position > file.size_bytes:
                break
            digest.update(chunk)
            if position > offset:
                if last is not None:
                    yield last
                last = Piece(max(begin, offset), chunk[max(0, offset - begin) :])
    if position != file.size_bytes or digest.hexdigest() != file.sha256:
        raise DataLoss(
            f"the stored content of {file.path!r} is not what was uploaded; restore {file.sha256} from a backup,"
            " or upload the version anew",
            reason="CONTENT_DAMAGED",
            metadata={"sha256": file.sha256},
        )
    if last is not None:
        yield last
