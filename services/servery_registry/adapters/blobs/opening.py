"""From a URL to a store, and whether the store is one that can be used."""

import asyncio
import logging
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import from_url

from servery_kit.config import CannotStart
from servery_kit.urls import shown

log = logging.getLogger(__name__)

# A caller is told within its deadline that the store does not answer; obstore's own limit is three minutes.
_RETRIES: Final = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=5),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}
_CLIENT: Final = {"connect_timeout": "2s", "timeout": "30s"}

_REFUSED: Final = re.compile(r"status code: (40[0134]\b[^:\n]*)")
_SAID: Final = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")
_ENDPOINTS: Final = ("endpoint", "endpoint_url", "aws_endpoint", "aws_endpoint_url", "aws_endpoint_url_s3")


def open_store(url: str, options: Mapping[str, str] | None = None) -> Any:
    """The store of a URL: file:///folder (created if need be), memory:///, s3://bucket/prefix, and all else of obstore.

    `options` are those of obstore for that kind of store, over what the environment says (AWS_… for S3). Raise
    CannotStart when the URL or an option is none that obstore knows, or the folder can't be made.
    """
    given = dict(options or {})
    opened: Any = from_url  # its overloads know the options of each kind of store; ours are checked as it runs
    try:
        if url.startswith("file:"):
            return opened(url, mkdir=True, **given)
        if url.startswith("memory:"):
            return opened(url, **given)
        client = _CLIENT | ({"allow_http": True} if _without_tls(given) else {})
        client = {key: value for key, value in client.items() if key not in given}
        return opened(url, config=given, client_options=client, retry_config=_RETRIES)
    except (BaseError, OSError, TypeError, ValueError) as error:
        raise CannotStart(f"can't use the blob store {shown(url)}: {_first_line(error)}") from error


async def look_into(store: Any, url: str) -> None:
    """See whether the store lets us in.

    Raise CannotStart when it says no: there is no such bucket, or not for us. One that does not answer is only told to
    the log: what needs no blobs can be served, and it may come back.
    """
    try:
        # In a thread: a process that ends right after an awaited call of obstore is aborted by a callback of its own.
        await asyncio.to_thread(_look, store)
    except (BaseError, OSError) as error:
        if why := _refusal(error):
            raise CannotStart(f"can't use the blob store {shown(url)}: {why}") from error
        log.warning("the blob store %s does not answer yet: %s", shown(url), _first_line(error))


def _look(store: Any) -> None:
    next(iter(obstore.list(store, prefix="uploads", chunk_size=1)), None)


def _without_tls(options: Mapping[str, str]) -> bool:
    """Whether the store is to be reached over plain HTTP: whoever names such an endpoint means it."""
    named = {key.lower(): value for key, value in (dict(os.environ) | dict(options)).items()}
    endpoints = [named[key] for key in _ENDPOINTS if key in named]
    return any(endpoint.startswith("http://") for endpoint in endpoints)


def _refusal(error: Exception) -> str:
    """Why the store says no, in its own words; empty when it does not, but is not well."""
    if isinstance(error, NotFoundError | PermissionDeniedError | UnauthenticatedError):
        return _first_line(error)
    # obstore has no class of its own for a bucket that is not there, or a key that is not right.
    if not (status := _REFUSED.search(str(error))):
        return ""
    said = _SAID.search(str(error))
    return f"{said[1]}: {said[2]}" if said else status[1]


def _first_line(error: Exception) -> str:
    return shown(str(error).partition("\n")[0]) or type(error).__name__
