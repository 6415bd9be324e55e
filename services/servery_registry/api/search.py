"""What a request for versions looks for, and places in the answer as the text inside a page token."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import servery.registry.v1 as pb
from servery_registry.api.convert import project_from_proto
from servery_registry.domain.filter import Filter, filter_text
from servery_registry.domain.filter_parsing import parse_filter
from servery_registry.domain.model import MAX_NUMBER, is_name
from servery_registry.domain.order import Key, Order, Part, order_text
from servery_registry.domain.order_parsing import parse_order

ALL_MODELS: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which versions, and in which order."""

    project: str
    model: str | None
    """None for all models."""

    show_pending: bool
    where: Filter
    order: Order

    @property
    def scope(self) -> tuple[object, ...]:
        """What decides the list; equal for all ways to ask for it."""
        where, order = filter_text(self.where), order_text(self.order)
        return "versions", self.project, self.model or ALL_MODELS, self.show_pending, where, order


def search_from_proto(request: pb.ListVersionsRequest) -> Search:
    """Raise InvalidArgument when the filter or the order is none."""
    return Search(
        project=project_from_proto(request.project),
        model=None if request.model == ALL_MODELS else request.model,
        show_pending=request.show_pending,
        where=parse_filter(request.filter),
        order=parse_order(request.order_by),
    )


def key_text(key: Key) -> str:
    return json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in key])


def key_from_text(text: str, order: Order) -> Key | None:
    """None when the text is that of no place in this order: tokens are not signed, so they are input like any other."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or len(values) != len(order.parts):
        return None
    key = [_part(value, part) for value, (part, _) in zip(values, order.parts, strict=True)]
    return None if None in key else tuple(value for value in key if value is not None)


def _part(value: object, part: Part) -> str | int | float | datetime | None:
    match part, value:
        case Part.MODEL, str() if is_name(value):
            return value
        case Part.NUMBER, int() if not isinstance(value, bool) and 0 < value <= MAX_NUMBER:
            return value
        case Part.VALUE, float() if math.isfinite(value):
            return value
        case Part.CREATE_TIME, str():
            return _time(value)
    return None


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
        return None if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
