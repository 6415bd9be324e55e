"""What each field of a filter is compared with: the value that a word stands for."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from servery_registry.domain.alias import LATEST, is_alias
from servery_registry.domain.filter import ANY, Field, Operator, Value
from servery_registry.domain.model import MAX_NUMBER, is_name
from servery_registry.domain.tag import is_tag_name
from servery_registry.domain.version import MAX_METRIC_NAME, Framework, State

_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,10}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)

_ORDERED: Final = frozenset({Field.METRIC, Field.CREATE_TIME, Field.VERSION})
_EQUALITY: Final = frozenset({Operator.EQ, Operator.NE})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a filter, its quotes taken off."""

    text: str
    bare: bool
    """Whether it had none."""


class Unreadable(ValueError):
    """Says what is wrong with a word, and what may stand in its place."""


def read_value(field: Field, word: Word) -> Value:
    """The value that a word stands for. Raise Unreadable when the field has none such."""
    return _READERS[field](word)


def check_operator(field: Field, operator: Operator, value: Value) -> None:
    """Raise Unreadable when the field is not compared so."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if operator in _EQUALITY or field in _ORDERED or (field is Field.TAG and number):
        return
    what = "a tag is, unless with a number," if field is Field.TAG else f"{field.value} is"
    raise Unreadable(f"{what} compared by = and != only")


def check_name(field: Field, name: str) -> None:
    """Raise Unreadable when no tag, or no metric, can be called so."""
    if field is Field.TAG and not is_tag_name(name):
        raise Unreadable("a tag's name, behind tags., has 1 to 63 letters, digits, - and _")
    if not 1 <= len(name) <= MAX_METRIC_NAME:
        raise Unreadable(f"a metric's name, behind metrics., has 1 to {MAX_METRIC_NAME} characters")


def _model(word: Word) -> str:
    name = word.text.removesuffix(ANY)
    if is_name(name) or word.text == ANY:
        return word.text
    raise Unreadable("a model's name has 1 to 255 letters, digits, - and _, or begins so and ends in *")


def _member(kind: type[Enum]) -> Callable[[Word], str]:
    def read(word: Word) -> str:
        names = [member.value for member in kind]
        if word.text not in names:
            raise Unreadable(f"choose from {', '.join(names)}")
        return word.text

    return read


def _text(word: Word) -> str:
    return word.text


def _alias(word: Word) -> str:
    if word.text == LATEST:
        raise Unreadable("latest is no alias that is set; leave it out and take the first of `version desc`")
    if word.text != ANY and not is_alias(word.text):
        raise Unreadable("an alias is a small letter and up to 62 small letters, digits, - and _; or * for any alias")
    return word.text


def _metric(word: Word) -> float:
    if not (word.bare and _NUMBER.fullmatch(word.text)):
        raise Unreadable("a metric is compared with a number, without quotes, such as 0.9 or 1e-3")
    return _finite(word.text)


def _tag(word: Word) -> str | float | bool:
    if not word.bare:
        return word.text
    if word.text in {"true", "false"}:
        return word.text == "true"
    if _NUMBER.fullmatch(word.text):
        return _finite(word.text)
    if word.text == "null" or word.text.endswith(ANY):
        raise Unreadable('a tag is compared with a number, true, false or a text; put a text that looks so in "quotes"')
    return word.text


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Unreadable("a number lies between -1.7e308 and 1.7e308")
    return value


def _time(word: Word) -> datetime:
    try:
        if _TIME.fullmatch(word.text):
            return datetime.fromisoformat(word.text).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or none in UTC
        pass
    raise Unreadable('a time is written so: "2026-01-31T12:00:00Z", at most with microseconds, or with +01:00 for Z')


def _version(word: Word) -> int:
    if not (word.bare and _WHOLE.fullmatch(word.text)) or int(word.text) > MAX_NUMBER:
        raise Unreadable(f"a version is compared with a whole number from 0 to {MAX_NUMBER}, without quotes")
    return int(word.text)


_READERS: Final[Mapping[Field, Callable[[Word], Value]]] = {
    Field.MODEL: _model,
    Field.FRAMEWORK: _member(Framework),
    Field.STATE: _member(State),
    Field.CREATOR: _text,
    Field.ALIAS: _alias,
    Field.TAG: _tag,
    Field.METRIC: _metric,
    Field.CREATE_TIME: _time,
    Field.VERSION: _version,
}
