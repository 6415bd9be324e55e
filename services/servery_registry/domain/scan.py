"""What is found in the files of a version, and what we ask of the one who looks for code in them."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

MAX_FINDINGS: Final = 100
MAX_TEXT: Final = 1000


class Verdict(Enum):
    """How bad something is, the best first."""

    CLEAN = "CLEAN"
    UNSPECIFIED = "UNSPECIFIED"
    """Not scanned, so nobody knows."""

    SUSPICIOUS = "SUSPICIOUS"
    DANGEROUS = "DANGEROUS"
    MISMATCH = "MISMATCH"
    """Not of the format that the name says. The only one that is more than advice."""

    @property
    def badness(self) -> int:
        """Order of the verdicts."""
        return list(Verdict).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found."""

    path: str
    format: str
    """What the content is; see `domain.sniffing`."""

    verdict: Verdict
    text: str
    """For a person, at most MAX_TEXT characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found in all files of a version."""

    verdict: Verdict
    """The worst of the findings; CLEAN when there is none."""

    scanner: str
    """What scanned, with its version."""

    findings: tuple[Finding, ...]
    """At most MAX_FINDINGS, the worst first."""

    scan_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReport:
    """What a scanner saw in one file."""

    format: str
    """What the content is, now that all of it was read."""

    verdict: Verdict
    text: str
    """For a person; empty when there is nothing to say."""


class CodeSession(Protocol):
    """A scanner at work on the files of one version, one after the other."""

    async def look(self, path: str, format_: str, content: AsyncGenerator[bytes, None]) -> CodeReport:
        """Look for code in a file, without running any. A scanner that fails answers a report that says so."""


class CodeScanner(Protocol):
    """Looks for code in files: pickles, and archives of them."""

    @property
    def name(self) -> str:
        """What it is called, with its version."""

    @property
    def max_bytes(self) -> int:
        """The largest file it reads, in bytes."""

    def session(self) -> AbstractAsyncContextManager[CodeSession]:
        """Begin to work. What the session needed is given back when it is left."""


def scan_of(findings: Iterable[Finding], scanner: str, time: datetime) -> Scan:
    """Put findings in order: the worst first, those of one verdict by path."""
    ordered = sorted(findings, key=lambda each: (-each.verdict.badness, each.path.encode()))
    worst = ordered[0].verdict if ordered else Verdict.CLEAN
    return Scan(verdict=worst, scanner=scanner, findings=tuple(ordered[:MAX_FINDINGS]), scan_time=time)
