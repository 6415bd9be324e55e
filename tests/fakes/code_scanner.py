"""A scanner for code that says what it is told to."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from servery_registry.domain.scan import CodeReport, Verdict


class FakeCodeScanner:
    """Put reports into `reports`, by path; all else is CLEAN. What was read is in `seen`."""

    name = "fake 1.0"

    def __init__(self, *, max_bytes: int = 1000) -> None:
        self.max_bytes = max_bytes
        self.reports: dict[str, CodeReport] = {}
        self.seen: dict[str, bytes] = {}
        self.sessions = 0

    @asynccontextmanager
    async def session(self) -> AsyncIterator["FakeCodeScanner"]:
        self.sessions += 1
        yield self

    async def look(self, path: str, format_: str, content: AsyncGenerator[bytes, None]) -> CodeReport:
        async with aclosing(content):
            self.seen[path] = b"".join([chunk async for chunk in content])
        return self.reports.get(path, CodeReport(format=format_, verdict=Verdict.CLEAN, text=""))
