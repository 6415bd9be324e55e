"""What the files of a version are, and what is found in them, before it is finalised."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

from servery_registry.domain.blob import Blobs
from servery_registry.domain.file import File
from servery_registry.domain.promise import breaks_promise, suffix_of
from servery_registry.domain.scan import MAX_TEXT, CodeScanner, CodeSession, Finding, Scan, Verdict, scan_of
from servery_registry.domain.sniffing import HEAD_BYTES, Content, sniff

AT_ONCE: Final = 4
"""Files whose first bytes are read at the same time."""


class Scanning:
    """Looks at the files of a version. `clock` gives the time in UTC."""

    def __init__(self, blobs: Blobs, scanner: CodeScanner, clock: Callable[[], datetime]) -> None:
        self._blobs = blobs
        self._scanner = scanner
        self._clock = clock

    async def scan(self, files: Sequence[File]) -> Scan:
        """Tell the format of every file by its content, and look for code in those that can hold some.

        Raise what reading the content raises: of files that can't be read nobody can say that they are right. What
        befalls the scanner itself is a finding.
        """
        contents: list[Content] = []
        for begin in range(0, len(files), AT_ONCE):
            contents += await asyncio.gather(*(self._sniffed(file) for file in files[begin : begin + AT_ONCE]))
        findings: list[Finding] = []
        with_code = []
        for file, content in zip(files, contents, strict=True):
            findings += _mismatch(file, content.format)
            if content.may_hold_code:
                with_code.append((file, content.format))
        if with_code:
            async with self._scanner.session() as session:
                for file, format_ in with_code:
                    findings += await self._looked_into(session, file, format_)
        return scan_of(findings, self._scanner.name, self._clock())

    async def _sniffed(self, file: File) -> Content:
        head = bytearray()
        async with aclosing(self._blobs.read(file.sha256)) as chunks:
            async for chunk in chunks:
                head += chunk
                if len(head) >= HEAD_BYTES:
                    break
        return await asyncio.to_thread(sniff, bytes(head[:HEAD_BYTES]), file.size_bytes)

    async def _looked_into(self, session: CodeSession, file: File, format_: str) -> list[Finding]:
        if file.size_bytes > self._scanner.max_bytes:
            text = f"not scanned for code: {file.size_bytes} bytes are more than the limit of {self._scanner.max_bytes}"
            return [_finding(file, format_, Verdict.UNSPECIFIED, text)]
        report = await session.look(file.path, format_, self._blobs.read(file.sha256))
        findings = [] if report.format == format_ else _mismatch(file, report.format)
        if report.verdict is not Verdict.CLEAN:
            findings.append(_finding(file, report.format, report.verdict, report.text))
        return findings


def _mismatch(file: File, format_: str) -> list[Finding]:
    if not breaks_promise(file.path, format_):
        return []
    text = f"the content is {format_}, which is not what a name that ends with {suffix_of(file.path)} promises"
    return [_finding(file, format_, Verdict.MISMATCH, text)]


def _finding(file: File, format_: str, verdict: Verdict, text: str) -> Finding:
    return Finding(path=file.path, format=format_, verdict=verdict, text=text[:MAX_TEXT])
