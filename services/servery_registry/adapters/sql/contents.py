"""Contents in SQL: what the files of versions are made of."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from servery_registry.adapters.sql.tables import FileRow


class SqlContents:
    """Contents of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, sha256: str) -> None:
        # A content has no row to lock before a file names it. SQLite needs none: its unit of work has the only write
        # lock there is. Contents whose digests begin with the same 64 bits share a lock, and merely wait.
        if self._session.get_bind().dialect.name == "postgresql":
            key = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
            await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def named(self, digests: Collection[str]) -> set[str]:
        query = select(col(FileRow.sha256)).where(col(FileRow.sha256).in_(digests)).distinct()
        return set(await self._session.scalars(query))
