"""Lines that a process writes, out of a pipe of the launcher's own.

asyncio's own pipes won't do: in some Python versions `Process.wait()` waits until they are closed, and a grandchild
that inherited them keeps them open beyond the death of its parent.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

LONGEST = 64 * 1024
"""Bytes after which a line is broken in two."""

LAST_WORDS_S = 0.5
"""Seconds that the rest of the lines gets to arrive when the process is gone."""


@asynccontextmanager
async def passed_on(sink: Callable[[str], None]) -> AsyncIterator[int]:
    """Give `sink` every line that is written to the descriptor that is yielded, as long as the block runs."""
    loop = asyncio.get_running_loop()
    read, write = os.pipe()
    reader = asyncio.StreamReader(limit=LONGEST)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", buffering=0)
    )
    passing = asyncio.create_task(_pass_on(reader, sink))
    try:
        yield write
    finally:
        os.close(write)
        with suppress(TimeoutError):
            await asyncio.wait_for(passing, LAST_WORDS_S)
        transport.close()


async def _pass_on(reader: asyncio.StreamReader, sink: Callable[[str], None]) -> None:
    rest = b""
    while chunk := await reader.read(LONGEST):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) >= LONGEST:
            lines.append(rest)
            rest = b""
        for line in lines:
            sink(line.decode(errors="replace").rstrip("\r"))
    if rest:
        sink(rest.decode(errors="replace"))
