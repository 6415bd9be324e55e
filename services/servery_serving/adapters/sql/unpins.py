"""Pins that are to be undone, in SQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from sqlalchemy import ColumnElement, and_, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from servery_serving.adapters.sql.tables import unpins
from servery_serving.domain.pin import Pin

_FIELDS = [field.name for field in fields(Pin)]


class SqlUnpins:
    """Pins to be undone, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, pin: Pin) -> None:
        there = await self._connection.execute(select(unpins.c.id).where(_is(pin)))
        if there.first() is None:
            await self._connection.execute(insert(unpins).values(asdict(pin)))

    async def remove(self, pin: Pin) -> None:
        await self._connection.execute(delete(unpins).where(_is(pin)))

    async def all(self) -> Sequence[Pin]:
        rows = await self._connection.execute(select(unpins).order_by(unpins.c.id))
        return [Pin(**{name: row[unpins.c[name]] for name in _FIELDS}) for row in rows.mappings()]


def _is(pin: Pin) -> ColumnElement[bool]:
    return and_(*(unpins.c[name] == value for name, value in asdict(pin).items()))
