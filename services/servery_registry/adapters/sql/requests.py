"""Remembered create requests in SQL."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from servery.errors import Aborted
from servery_registry.adapters.sql.tables import RequestRow
from servery_registry.domain.remembered import Remembered


class SqlRequests:
    """Remembered requests of one unit of work."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, project: str, method: str, request_id: str) -> Remembered | None:
        row = await self._session.get(RequestRow, (project, method, request_id))
        if row is None:
            return None
        return Remembered(
            project=row.project,
            method=row.method,
            request_id=row.request_id,
            fingerprint=row.fingerprint,
            made=row.made,
            create_time=row.create_time,
        )

    async def add(self, request: Remembered) -> None:
        self._session.add(RequestRow(**asdict(request)))
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise Aborted(
                "a request of this request_id is being answered at this moment; send it again",
                reason="REQUEST_IN_FLIGHT",
            ) from error

    async def forget(self, before: datetime) -> int:
        done: Any = await self._session.execute(delete(RequestRow).where(col(RequestRow.create_time) < before))
        result: CursorResult[Any] = done
        return result.rowcount
