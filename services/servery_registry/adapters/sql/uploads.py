"""Uploads in SQL."""

from sqlalchemy import and_, delete, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery.errors import Aborted
from servery_registry.adapters.sql.tables import UploadRow
from servery_registry.domain.file import File, folders_of
from servery_registry.domain.upload import Upload, no_such_upload


class SqlUploads:
    """Uploads of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, upload: Upload) -> None:
        self._session.add(
            UploadRow(
                id=upload.id,
                version_id=upload.version_id,
                path=upload.file.path,
                size_bytes=upload.file.size_bytes,
                sha256=upload.file.sha256,
                committed=upload.committed,
                create_time=upload.create_time,
            )
        )
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise Aborted(
                f"another upload of {upload.file.path!r} has just begun; begin again", reason="UPLOAD_BUSY"
            ) from error

    async def get(self, upload_id: str) -> Upload:
        row = (await self._session.scalars(select(UploadRow).where(UploadRow.id == upload_id))).one_or_none()
        if row is None:
            raise no_such_upload(upload_id)
        return _upload(row)

    async def of_path(self, version_id: str, path: str) -> Upload | None:
        query = select(UploadRow).where(UploadRow.version_id == version_id, UploadRow.path == path)
        row = (await self._session.scalars(query)).one_or_none()
        return None if row is None else _upload(row)

    async def in_the_way(self, version_id: str, path: str) -> str | None:
        # "0" is the character after "/": the range holds all that begins with the path and "/".
        within = and_(col(UploadRow.path) >= f"{path}/", col(UploadRow.path) < f"{path}0")
        query = select(UploadRow.path).where(
            UploadRow.version_id == version_id, or_(col(UploadRow.path).in_(folders_of(path)), within)
        )
        return (await self._session.scalars(query.order_by(col(UploadRow.path)).limit(1))).one_or_none()

    async def unfinished(self, version_id: str) -> str | None:
        query = select(UploadRow.path).where(UploadRow.version_id == version_id, col(UploadRow.committed).is_(False))
        return (await self._session.scalars(query.order_by(col(UploadRow.path)).limit(1))).one_or_none()

    async def remove(self, upload_id: str) -> None:
        await self._session.execute(delete(UploadRow).where(col(UploadRow.id) == upload_id))

    async def set_committed(self, upload_id: str) -> None:
        await self._session.execute(update(UploadRow).where(col(UploadRow.id) == upload_id).values(committed=True))

    async def restart(self, upload_id: str, new_id: str) -> None:
        await self._session.execute(update(UploadRow).where(col(UploadRow.id) == upload_id).values(id=new_id))


def _upload(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        version_id=row.version_id,
        file=File(path=row.path, size_bytes=row.size_bytes, sha256=row.sha256),
        committed=row.committed,
        create_time=row.create_time,
    )
