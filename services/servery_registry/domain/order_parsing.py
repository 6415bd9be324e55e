"""From the text of an order to the order that it asks for."""

import re
from collections.abc import Mapping
from typing import Final

from servery.errors import InvalidArgument
from servery_registry.domain.order import NEWEST, Order, Part
from servery_registry.domain.version import MAX_METRIC_NAME
from servery_registry.domain.word import BARE, QUOTED, unquoted

MAX_TEXT: Final = 1024

_TEXT: Final = re.compile(
    rf"\s*(?P<by>version|create_time|model|metrics\.(?:(?P<bare>{BARE})|(?P<quoted>{QUOTED})))(?P<desc>\s+desc)?\s*",
    re.ASCII,
)
_TIES: Final[Mapping[Part, tuple[Part, ...]]] = {
    Part.NUMBER: (Part.NUMBER, Part.MODEL),
    Part.MODEL: (Part.MODEL, Part.NUMBER),
    Part.CREATE_TIME: (Part.CREATE_TIME, Part.MODEL, Part.NUMBER),
    Part.VALUE: (Part.VALUE, Part.MODEL, Part.NUMBER),
}


def parse_order(text: str) -> Order:
    """The order that a request asks for; one that is descending is the ascending one, reversed.

    Raise InvalidArgument when the text is none.
    """
    if not text.strip():
        return NEWEST
    match = _TEXT.fullmatch(text) if len(text) <= MAX_TEXT and "\0" not in text else None
    if match is None:
        raise _invalid(f"{text[:64]!r} is no order")
    metric = unquoted(match["quoted"]) if match["quoted"] else match["bare"] or ""
    by = Part.VALUE if match["by"].startswith("metrics.") else Part(match["by"])
    if by is Part.VALUE and not 1 <= len(metric) <= MAX_METRIC_NAME:
        raise _invalid(f"a metric's name has 1 to {MAX_METRIC_NAME} characters")
    return Order(tuple((part, bool(match["desc"])) for part in _TIES[by]), metric)


def _invalid(problem: str) -> InvalidArgument:
    return InvalidArgument(
        f"{problem}; choose from version, create_time, model and metrics.NAME, and put ` desc` behind it for the"
        ' reverse; a name of other than letters, digits and _.+/@:%- stands in "double quotes"',
        field="order_by",
        reason="ORDER_INVALID",
    )
