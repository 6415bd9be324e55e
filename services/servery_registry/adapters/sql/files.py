"""Files in SQL."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.tables import FileRow
from servery_registry.domain.file import File
from servery_registry.domain.listing import Listing, Window, listing


class SqlFiles:
    """Files of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, version_id: str, file: File) -> File | None:
        # The version is locked by whoever adds a file to it, so nobody else puts one of the same path.
        row = await self._session.get(FileRow, (version_id, file.path))
        before = None if row is None else _file(row)
        if row is None:
            row = FileRow(version_id=version_id, path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)
        row.size_bytes, row.sha256 = file.size_bytes, file.sha256
        self._session.add(row)
        await self._session.flush()
        return before

    async def get(self, version_id: str, path: str) -> File | None:
        row = await self._session.get(FileRow, (version_id, path))
        return None if row is None else _file(row)

    async def list(self, version_id: str, window: Window[str]) -> Listing[File]:
        query = select(FileRow).where(FileRow.version_id == version_id)
        if window.after is not None:
            query = query.where(col(FileRow.path) > window.after)
        rows = await self._session.scalars(query.order_by(col(FileRow.path)).limit(window.size + 1))
        return listing([_file(row) for row in rows], window.size)


def _file(row: FileRow) -> File:
    return File(path=row.path, size_bytes=row.size_bytes, sha256=row.sha256)
