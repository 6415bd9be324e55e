"""Filters of versions in SQL. What they mean is told in Python by the fake; a contract test compares the two."""

import json
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Double, String, cast, exists, not_, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlmodel import col

from servery_registry.adapters.sql.tables import AliasRow, MetricRow, TagRow, VersionRow
from servery_registry.domain.filter import ANY, Comparison, Field, Operator
from servery_registry.domain.order import Order, Part

Condition: TypeAlias = ColumnElement[bool]

_COMPARE: Final[Mapping[Operator, Callable[[Any, Any], Any]]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}
_COLUMNS: Final[Mapping[Field, Any]] = {
    Field.MODEL: VersionRow.model,
    Field.FRAMEWORK: VersionRow.framework,
    Field.STATE: VersionRow.state,
    Field.CREATOR: VersionRow.creator,
    Field.CREATE_TIME: VersionRow.create_time,
    Field.VERSION: VersionRow.number,
}


def condition(comparison: Comparison, project: str, order: Order, first: Part) -> Condition:
    """What a row of the table version must fulfil, in a list in this order.

    `first` is the part by which the rows differ first. A comparison of it begins the list at another place of its
    index. One of another column must not tempt SQLite, which knows nothing of the rows, to take the index of that one
    and sort what it finds.
    """
    compare, value = _COMPARE[comparison.operator], comparison.value
    match comparison.field:
        case Field.MODEL:
            same = name_like(_column(comparison.field, first), str(value))
            return same if comparison.operator is Operator.EQ else not_(same)
        case Field.ALIAS:
            bearers = select(col(AliasRow.version_id)).where(col(AliasRow.project) == project)
            if value != ANY:
                bearers = bearers.where(col(AliasRow.alias) == value)
            borne = col(VersionRow.id).in_(bearers)
            return borne if comparison.operator is Operator.EQ else not_(borne)
        case Field.METRIC if comparison.name == order.metric:
            return _boolean(compare(col(MetricRow.value), value))
        case Field.METRIC:
            metric = aliased(MetricRow)
            return exists().where(
                col(metric.version_id) == VersionRow.id,
                col(metric.name) == comparison.name,
                compare(col(metric.value), value),
            )
        case Field.TAG:
            return exists().where(
                col(TagRow.project) == VersionRow.project,
                col(TagRow.model) == VersionRow.model,
                col(TagRow.number) == VersionRow.number,
                col(TagRow.name) == comparison.name,
                _tag(comparison),
            )
        case field:
            return _boolean(compare(_column(field, first), value))


def _column(field: Field, first: Part) -> Any:
    column = _COLUMNS[field]
    return column if field.value == first.value else apart(column)


def name_like(column: Any, pattern: str) -> Condition:
    """Whether a name is the pattern or, where that ends in ANY, begins as it does: a range, which an index serves."""
    if not pattern.endswith(ANY):
        return _boolean(column == pattern)
    prefix = pattern.removesuffix(ANY)
    # No character of a name is greater than z, so all that begins so lies before this.
    return (column >= prefix) & (column < prefix + "\x7f") if prefix else true()


def _tag(comparison: Comparison) -> Condition:
    compare, value = _COMPARE[comparison.operator], comparison.value
    if isinstance(value, str | bool):
        # All values are written by one serialiser, which has one way to write a text or a bool.
        return _boolean(compare(cast(TagRow.value, String), json.dumps(value)))
    number: Any = tag_number(TagRow.value)
    compared = compare(number, value)
    # A value that is no number is another one than any number.
    return or_(number.is_(None), compared) if comparison.operator is Operator.NE else _boolean(compared)


def _boolean(condition: Any) -> Condition:
    """The same, its type told: operators of columns are typed as those of their values."""
    typed: Condition = condition
    return typed


class tag_number(GenericFunction[float]):  # noqa: N801 - SQLAlchemy names functions so
    """The value of a JSON column where that is a number, else NULL."""

    type = Double()
    inherit_cache = True


class apart(GenericFunction[Any]):  # noqa: N801
    """A column, and no reason to take an index."""

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type  # what it is compared with is bound as that of the column is


@compiles(apart)
def _plain(element: apart, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **options)


@compiles(apart, "sqlite")
def _with_plus(element: apart, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(next(iter(element.clauses)), **options)}"


@compiles(tag_number, "sqlite")  # which keeps a number in a column of type JSON as a number
def _on_sqlite(element: tag_number, compiler: SQLCompiler, **options: Any) -> str:
    value = compiler.process(next(iter(element.clauses)), **options)
    return f"CASE WHEN typeof({value}) IN ('integer', 'real') THEN {value} END"


@compiles(tag_number, "postgresql")
def _on_postgresql(element: tag_number, compiler: SQLCompiler, **options: Any) -> str:
    value = compiler.process(next(iter(element.clauses)), **options)
    return f"CASE WHEN json_typeof({value}) = 'number' THEN CAST(CAST({value} AS TEXT) AS DOUBLE PRECISION) END"
