"""Input examples in SQL."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.tables import InputExampleRow


class SqlInputExamples:
    """Input examples of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, version_id: str, text: str) -> None:
        if not text:
            await self._session.execute(delete(InputExampleRow).where(col(InputExampleRow.version_id) == version_id))
            return
        row = InputExampleRow(version_id=version_id, content=text, size_bytes=len(text.encode()))
        await self._session.merge(row)
        await self._session.flush()

    async def sizes(self, version_ids: Sequence[str]) -> Mapping[str, int]:
        query = select(InputExampleRow.version_id, InputExampleRow.size_bytes)
        rows = await self._session.execute(query.where(col(InputExampleRow.version_id).in_(version_ids)))
        return {version_id: size for version_id, size in rows}  # noqa: C416 – a row is not a pair to the type checker

    async def of(self, version_ids: Sequence[str]) -> Mapping[str, str]:
        query = select(InputExampleRow.version_id, InputExampleRow.content)
        rows = await self._session.execute(query.where(col(InputExampleRow.version_id).in_(version_ids)))
        return {version_id: text for version_id, text in rows}  # noqa: C416 – as above
