"""Which versions are looked for: comparisons that must all hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeAlias

from servery_registry.domain.word import quoted, shortest

ANY: Final = "*"
"""As the value of an alias: any alias at all. At the end of a model: the rest of the name is anything."""


class Field(Enum):
    """What of a version is compared."""

    MODEL = "model"
    FRAMEWORK = "framework"
    STATE = "state"
    CREATOR = "creator"
    ALIAS = "alias"
    TAG = "tags"
    METRIC = "metrics"
    CREATE_TIME = "create_time"
    VERSION = "version"


NAMED: Final = (Field.TAG, Field.METRIC)
"""Those of which a version has many, each with a name."""


class Operator(Enum):
    """How it is compared."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


Value: TypeAlias = str | bool | int | float | datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition. A metric or a tag that a version has not fulfils none, `!=` neither."""

    field: Field
    operator: Operator
    value: Value
    """A number for a metric, a whole one for a version, a time with its zone for create_time, any of a text, a number
    and a bool for a tag; else a text."""

    name: str = ""
    """Of the tag or the metric; empty for the other fields."""


Filter: TypeAlias = tuple[Comparison, ...]


def filter_text(where: Iterable[Comparison]) -> str:
    """The filter as a text that is read back as this filter: the same one for all ways to write it."""
    return " AND ".join(f"{_field_text(each)} {each.operator.value} {_value_text(each.value)}" for each in where)


def _field_text(comparison: Comparison) -> str:
    field = comparison.field.value
    return f"{field}.{shortest(comparison.name)}" if comparison.field in NAMED else field


def _value_text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return quoted(value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z")
    return quoted(value) if isinstance(value, str) else repr(value)
