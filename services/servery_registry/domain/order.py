"""In which order versions are listed, and where in it a version stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias

from servery_registry.domain.word import shortest


class Part(Enum):
    """What of a version its place depends on."""

    MODEL = "model"
    NUMBER = "version"
    CREATE_TIME = "create_time"
    VALUE = "metrics"
    """Of the metric that the order names."""


@dataclass(frozen=True, slots=True)
class Order:
    """By the first part, those that are equal there by the second, and so on: no two versions stand at one place."""

    parts: tuple[tuple[Part, bool], ...]
    """Each with whether the greater comes first."""

    metric: str = ""
    """Name of the metric whose value is a part; versions without it are left out."""


Key: TypeAlias = tuple[str | int | float | datetime, ...]
"""Where a version stands: a value for each part of the order."""

NEWEST: Final = Order(((Part.MODEL, False), (Part.NUMBER, True)))
"""By model, the newest number first."""


def order_text(order: Order) -> str:
    """The order as a text that is read back as this order: the same one for all ways to write it."""
    if order == NEWEST:
        return ""
    part, descending = order.parts[0]
    by = f"metrics.{shortest(order.metric)}" if part is Part.VALUE else part.value
    return by + " desc" * descending
