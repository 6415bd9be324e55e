"""What the shell offers after a tab: names asked from the services, with little patience."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import typer

from servery.cli._session import Session
from servery.client._convert import engines, frameworks
from servery.errors import ServeryError

_TIMEOUT_S: Final = 1.0
_MOST: Final = 200


def model(context: typer.Context, incomplete: str) -> list[str]:
    """Names of models."""
    return _names(context, incomplete, lambda client: (each.name for each in client.models.list()))


def deployment(context: typer.Context, incomplete: str) -> list[str]:
    """Names of deployments."""
    return _names(context, incomplete, lambda client: (each.name for each in client.deployments.list()))


def framework(incomplete: str) -> list[str]:
    """Names of frameworks."""
    return [each for each in frameworks() if each.startswith(incomplete)]


def engine(incomplete: str) -> list[str]:
    """Names of engines."""
    return [each for each in engines() if each.startswith(incomplete)]


def _names(context: typer.Context, incomplete: str, ask: Any) -> list[str]:
    # While the shell completes, no callback runs: the global options are those of the outermost command.
    given = context.find_root().params
    session = Session(registry=given.get("registry"), serving=given.get("serving"), project=given.get("project"))
    try:
        with session.connect(timeout_s=_TIMEOUT_S) as client:
            names: Iterator[str] = islice(ask(client), _MOST)
            return [name for name in names if name.startswith(incomplete)]
    except ServeryError:
        return []  # a shell that completes is no place for an error
