"""Pages of a list: size, and an opaque token that says where the next page begins (AIP-158)."""

import base64
import hashlib
import json
from dataclasses import dataclass

from servery.errors import InvalidArgument

DEFAULT_SIZE = 50
MAX_SIZE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is asked for."""

    size: int = DEFAULT_SIZE
    after: str | None = None
    """Key of the last item of the page before; None for the first page."""


def request_page(size: int, token: str, *scope: object) -> Page:
    """The page a request asks for. `scope` is all that decides what the list holds and how it is ordered.

    Raise InvalidArgument when the size is negative, or the token is not one that was given out for this scope.
    """
    if size < 0:
        raise InvalidArgument("page_size must not be negative", field="page_size")
    return Page(size=min(size or DEFAULT_SIZE, MAX_SIZE), after=_after(token, scope) if token else None)


def next_token(after: str | None, *scope: object) -> str:
    """The token of the page that begins behind `after`; empty when there is none."""
    if after is None:
        return ""
    return base64.urlsafe_b64encode(json.dumps([after, _digest(scope)]).encode()).decode().rstrip("=")


def _after(token: str, scope: tuple[object, ...]) -> str:
    try:
        after, digest = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, TypeError, RecursionError) as error:  # the last: JSON that nests without end
        raise InvalidArgument("page_token is not one that this service gave out", field="page_token") from error
    if not isinstance(after, str) or digest != _digest(scope):
        raise InvalidArgument(
            "page_token was given out for another list; leave the other fields as they were", field="page_token"
        )
    return after


def _digest(scope: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(scope).encode()).hexdigest()[:16]
