"""Words of the small languages in which lists are filtered and ordered: bare ones, and those in quotes."""

import re
from typing import Final

BARE: Final = r"[A-Za-z0-9_.+/@:%-]+"
"""Pattern of what needs no quotes."""

QUOTED: Final = r'"(?:[^"\\]|\\["\\])*"'
"""Pattern of anything else: in double quotes, with a backslash before a double quote and a backslash."""

_BARE = re.compile(BARE, re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(word: str) -> str:
    """The text of a word that matches QUOTED."""
    return _ESCAPED.sub(r"\1", word[1:-1])


def shortest(text: str) -> str:
    """Bare where that is possible."""
    return text if _BARE.fullmatch(text) else quoted(text)
