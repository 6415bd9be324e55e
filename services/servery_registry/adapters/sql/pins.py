"""Pins in SQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from servery_registry.adapters.sql.tables import PinRow


class SqlPins:
    """Pins of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, version_id: str, user: str, time: datetime) -> None:
        # The version is locked by whoever pins it, so nobody else adds the same pin.
        if await self._session.get(PinRow, (version_id, user)) is None:
            self._session.add(PinRow(version_id=version_id, user_name=user, create_time=time))
            await self._session.flush()

    async def remove(self, version_id: str, user: str) -> None:
        pin = (col(PinRow.version_id) == version_id, col(PinRow.user_name) == user)
        await self._session.execute(delete(PinRow).where(*pin))

    async def users(self, version_id: str) -> Sequence[str]:
        query = select(PinRow.user_name).where(PinRow.version_id == version_id)
        return (await self._session.scalars(query.order_by(col(PinRow.user_name)))).all()
