"""Lists of versions in SQL: in any order, from any place in it on, without a look at what lies before."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, literal, select, tuple_
from sqlmodel import col

from servery_registry.adapters.sql.tables import MetricRow, VersionRow
from servery_registry.domain.order import Key, Order, Part

Column: TypeAlias = ColumnElement[Any]


def ordered(project: str, model: str | None, order: Order, after: Key | None) -> Iterator[Select[VersionRow]]:
    """Statements whose rows, one after the other, are the versions behind a place, in their order.

    One is enough where all parts of the order run the same way: its index is read from the place on. Where the
    parts turn, as in «by model, the newest number first», first what is left of that model, then the models behind.
    """
    columns = _columns(order, one_model=model is not None)
    by_value = order.parts[0][0] is Part.VALUE
    table: Any = MetricRow if by_value else VersionRow
    query = select(VersionRow).where(table.project == project)
    if by_value:
        query = query.join(MetricRow, col(MetricRow.version_id) == VersionRow.id)
        query = query.where(col(MetricRow.name) == order.metric)
    if model is not None:
        query = query.where(table.model == model)
    query = query.order_by(*(column.desc() if down else column for column, down, _ in columns))
    if after is None:
        yield query
        return
    for condition in _behind(columns, after):
        yield query.where(condition)


def first_part(order: Order, *, one_model: bool) -> Part:
    """The part by which the versions of one model, or of all, differ first."""
    return next(part for part, _ in order.parts if not (one_model and part is Part.MODEL))


def _columns(order: Order, *, one_model: bool) -> list[tuple[Column, bool, int]]:
    """Of each part that tells versions apart: its column, whether it runs down, and its place in a key."""
    table: Any = MetricRow if order.parts[0][0] is Part.VALUE else VersionRow
    of_part = {
        Part.MODEL: "model",
        Part.NUMBER: "number",
        Part.CREATE_TIME: "create_time",
        Part.VALUE: "value",
    }
    return [
        (getattr(table, of_part[part]), down, place)
        for place, (part, down) in enumerate(order.parts)
        if not (one_model and part is Part.MODEL)
    ]


def _behind(columns: Sequence[tuple[Column, bool, int]], after: Key) -> Iterator[Column]:
    """Conditions that hold, one after the other, of what comes behind a key."""
    runs = [list(run) for _, run in groupby(columns, itemgetter(1))]
    for length in range(len(runs), 0, -1):
        same = [column == after[place] for run in runs[: length - 1] for column, _, place in run]
        last = runs[length - 1]
        left = tuple_(*(column for column, _, _ in last))
        right = tuple_(*(literal(after[place], column.type) for column, _, place in last))
        yield and_(*same, left < right if last[0][1] else left > right)
