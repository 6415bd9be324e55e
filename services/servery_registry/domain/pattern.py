"""Regular expressions from outside: which are taken, and how much work they may make.

Python's matcher tries one way after another; "(a+)+b" on forty letters takes years. Only a plain part of the language
is taken, of which the number of ways can be counted beforehand.
"""

import re
from typing import Final

MAX_WORK: Final = 2**25
"""Most steps of one match: some tenths of a second."""

MIN_LENGTH: Final = 64
"""Length of text, in characters, that a pattern must be able to deal with within MAX_WORK."""

_COUNT = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}", re.ASCII)
_ESCAPE = re.compile(r"\\(?:[dDwWsSbBnrtfv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^a-zA-Z0-9])", re.ASCII)
# A set is not empty, and holds no "[" or doubled sign that Python may read in its own way some day.
_CLASS = re.compile(r"\[(?!\^?\])(?:\\.|(?!--|&&|~~|\|\|)[^\]\\\[])+\]", re.DOTALL)
_MAX_DEPTH = 20


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern, for a person; None when it can be used."""
    try:
        work = pattern_work(pattern, MIN_LENGTH)
        re.compile(pattern)
    except ValueError as error:
        return f"is not plain enough: {error}"
    except re.error as error:
        return f"is not a regular expression: {error}"
    if work > MAX_WORK:
        return "may take too long: repeat less, and nothing within a repetition"
    return None


def pattern_work(pattern: str, length: int) -> int:
    """At most so many steps does a search in a text of that length take; counted to a little over MAX_WORK.

    Raise ValueError, which says where, when the pattern uses more of the language than is taken: groups, alternatives,
    sets, repetitions.
    """
    parser = _Parser(pattern, length)
    ways = parser.alternatives(0)
    if parser.at != len(pattern):
        raise ValueError(f"unexpected {pattern[parser.at]!r} at {parser.at}")
    starts = 1 if pattern.startswith("^") and "|" not in pattern else length + 1
    return _capped(ways * starts * (length + 1))


class _Parser:
    """Counts, while it reads, in how many ways a text of `length` may be matched."""

    def __init__(self, pattern: str, length: int) -> None:
        self._pattern = pattern
        self._length = length
        self.at = 0

    def alternatives(self, depth: int) -> int:
        if depth > _MAX_DEPTH:
            raise ValueError(f"groups nest deeper than {_MAX_DEPTH}")
        ways = self._sequence(depth)
        while self._take("|"):
            ways += self._sequence(depth)
        return _capped(ways)

    def _sequence(self, depth: int) -> int:
        ways = 1
        while self.at < len(self._pattern) and self._pattern[self.at] not in "|)":
            ways = _capped(ways * self._repeated(self._atom(depth)))
        return ways

    def _atom(self, depth: int) -> int:
        if self._take("("):
            if self._take("?") and not self._take(":"):
                raise ValueError(f"a group that begins (? at {self.at}; only (?: is taken")
            ways = self.alternatives(depth + 1)
            if not self._take(")"):
                raise ValueError(f"a group that does not end at {self.at}")
            return ways
        for token in (_ESCAPE, _CLASS):
            if found := token.match(self._pattern, self.at):
                self.at = found.end()
                return 1
        if self._pattern[self.at] in "\\[*+?{}":
            raise ValueError(f"unexpected {self._pattern[self.at : self.at + 2]!r} at {self.at}")
        self.at += 1
        return 1

    def _repeated(self, ways: int) -> int:
        """Ways of an atom with the repetition, if any, that stands behind it."""
        if self._take("*"):
            low, high = 0, self._length
        elif self._take("+"):
            low, high = 1, self._length
        elif self._take("?"):
            low, high = 0, 1
        elif found := _COUNT.match(self._pattern, self.at):
            self.at = found.end()
            low = int(found[1])
            high = low if found[2] is None else int(found[3] or self._length)
        else:
            return ways
        self._take("?")  # a lazy one tries the same ways in another order
        choices = max(1, min(high, self._length) - low + 1)
        # One way to match leaves as many ways to repeat as there are counts; of several, each time one is chosen.
        return choices if ways == 1 else _capped(choices * _power(ways, min(high, self._length)))

    def _take(self, char: str) -> bool:
        if self._pattern.startswith(char, self.at):
            self.at += 1
            return True
        return False


def _power(ways: int, times: int) -> int:
    result = 1
    for _ in range(times):
        result = _capped(result * ways)
        if result > MAX_WORK:
            break
    return result


def _capped(ways: int) -> int:
    return min(ways, MAX_WORK + 1)
