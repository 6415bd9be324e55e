"""A list, window by window: what is asked for, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Generic[K]):
    """Which part of a list is asked for."""

    size: int = 50
    """At most so many items; at least 1."""

    after: K | None = None
    """Key of the last item before the window; None for the beginning of the list."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """The items of one window, in the order of the list."""

    items: Sequence[T]
    more: bool
    """Whether the list goes on behind them."""


def listing(found: Sequence[T], size: int) -> Listing[T]:
    """The window out of a list of which one item more than `size` was looked for."""
    return Listing(found[:size], more=len(found) > size)
