"""From the text of a filter to the comparisons that it asks for. The language is the comment of the request's field.

filter     = [ comparison { "AND" comparison } ]
comparison = field operator value
field      = "model" | … | ( "tags." | "metrics." ) ( bare | quoted )
value      = bare | quoted | "*"
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from servery.errors import InvalidArgument
from servery_registry.domain.filter import ANY, NAMED, Comparison, Field, Filter, Operator
from servery_registry.domain.filter_values import Unreadable, Word, check_name, check_operator, read_value
from servery_registry.domain.word import BARE, QUOTED, unquoted

MAX_TEXT: Final = 4096
MAX_COMPARISONS: Final = 20

_EXCERPT: Final = 24
_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<quoted>{QUOTED})|(?P<bare>{BARE}\*?|\*)|(?P<operator>!=|<=|>=|=|<|>)|(?P<end>\Z))", re.ASCII
)
_FIELDS: Final = ", ".join(f"{field.value}.NAME" if field in NAMED else field.value for field in Field)
_OPERATORS: Final = " ".join(operator.value for operator in Operator)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    begin: int
    end: int


def parse_filter(text: str) -> Filter:
    """Raise InvalidArgument that says where the text goes wrong, and what may stand there."""
    if len(text) > MAX_TEXT:
        raise _invalid(f"a filter has at most {MAX_TEXT} characters, this one has {len(text)}; ask for less at once")
    if "\0" in text:
        _refuse(text, text.index("\0"), "the character NUL is in no name and no value; leave it out")
    tokens = _tokens(text)
    token = next(tokens)
    found: list[Comparison] = []
    while token.kind != "end" or found:  # behind an AND, too, comes a comparison
        if len(found) == MAX_COMPARISONS:
            _refuse(text, token.begin, f"a filter has at most {MAX_COMPARISONS} comparisons; ask for less at once")
        found.append(_comparison(text, token, tokens))
        token = next(tokens)
        if token.kind == "end":
            break
        if (token.kind, token.text) != ("bare", "AND"):
            _refuse(text, token.begin, "AND must join this to what is before it; there is nothing but AND")
        token = next(tokens)
    return tuple(found)


def _comparison(text: str, first: _Token, rest: Iterator[_Token]) -> Comparison:
    field, name, follower = _field(text, first, rest)
    if follower.kind != "operator":
        _refuse(text, follower.begin, f"an operator must follow {field.value}; choose from {_OPERATORS}")
    operator = Operator(follower.text)
    token = next(rest)
    if token.kind not in {"quoted", "bare"}:
        _refuse(text, token.begin, 'a value must follow the operator: a word, a number, or a text in "double quotes"')
    word = Word(_plain(token), bare=token.kind == "bare")
    try:
        value = read_value(field, word)
    except Unreadable as problem:
        _refuse(text, token.begin, str(problem))
    try:
        check_operator(field, operator, value)
    except Unreadable as problem:
        _refuse(text, follower.begin, str(problem))
    return Comparison(field, operator, value, name)


def _field(text: str, token: _Token, rest: Iterator[_Token]) -> tuple[Field, str, _Token]:
    """The field that begins at a token, its name, and the token behind both."""
    begin, _, name = token.text.partition(".")
    field = next((field for field in Field if field.value == begin), None)
    known = field is not None and (field in NAMED or token.text == begin) and not token.text.endswith(ANY)
    if token.kind != "bare" or field is None or not known:
        _refuse(text, token.begin, f"a field must stand here; choose from {_FIELDS}")
    follower = next(rest)
    if field not in NAMED:
        return field, "", follower
    if token.text == f"{begin}." and follower.kind == "quoted" and follower.begin == token.end:
        name, follower = _plain(follower), next(rest)
    try:
        check_name(field, name)
    except Unreadable as problem:
        _refuse(text, token.begin, str(problem))
    return field, name, follower


def _plain(token: _Token) -> str:
    return unquoted(token.text) if token.kind == "quoted" else token.text


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens, the last of them the end."""
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            begin = position + len(text[position:]) - len(text[position:].lstrip(" \t\n\r\f\v"))
            if text[begin] == '"':
                _refuse(text, begin, 'this text has no closing quote, or a backslash that is not before " or \\')
            _refuse(text, begin, 'this character must stand in "double quotes", or not at all')
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind], match.start(kind), match.end())
        position = match.end()


def _refuse(text: str, at: int, problem: str) -> NoReturn:
    rest = text[at : at + _EXCERPT]
    where = f"at character {at + 1}, {rest!r}" if rest else "at its end"
    raise _invalid(f"filter, {where}: {problem}")


def _invalid(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="filter", reason="FILTER_INVALID")
