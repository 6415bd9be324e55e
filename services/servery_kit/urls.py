"""URLs that settings name: which schemes are known, and how one is shown without its password."""

import re
from typing import Final
from urllib.parse import urlsplit

DATABASES: Final = ("sqlite+aiosqlite", "postgresql+asyncpg")
"""Schemes of databases that the services run on; the tests run on each of them."""

_PASSWORD = re.compile(r"(://[^:@/?#\s]*):[^/\s]*@")
_PARAMETER = re.compile(r"([?&](?:password|secret|token|[^=&\s]*_key)=)[^&#\s]*", re.IGNORECASE)


def of_scheme(url: str, schemes: tuple[str, ...]) -> str:
    """A URL as it was given; empty is fine. Raise ValueError when its scheme is none of these."""
    if url and urlsplit(url).scheme not in schemes:
        raise ValueError(f"must be a URL that begins with one of {', '.join(f'{each}://' for each in schemes)}")
    return url


def shown(text: str) -> str:
    """A URL, or a text that holds one, for a log or an error: passwords and keys in it are ***."""
    return _PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
