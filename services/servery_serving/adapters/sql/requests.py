"""Answered requests in SQL."""

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from servery.errors import AlreadyExists
from servery_serving.adapters.sql.tables import requests
from servery_serving.domain.request import Answered


class SqlRequests:
    """Answered requests within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, project: str, request_id: str) -> Answered | None:
        query = select(requests).where(requests.c.project == project, requests.c.request_id == request_id)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else Answered(**row)

    async def add(self, answered: Answered) -> None:
        values = {
            "project": answered.project,
            "request_id": answered.request_id,
            "digest": answered.digest,
            "deployment_id": answered.deployment_id,
            "create_time": answered.create_time,
        }
        try:
            await self._connection.execute(insert(requests).values(values))
        except IntegrityError as error:
            raise AlreadyExists(
                f"request {answered.request_id} was answered already",
                resource_type="request",
                resource_name=answered.request_id,
            ) from error
