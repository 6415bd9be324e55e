import asyncio
import os

import pytest

from servery_up.lines import LONGEST, passed_on


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"windows\r\n", ["windows"]),
        (b"\n\n", ["", ""]),
        (b"no end", ["no end"]),
        (b"caf\xe9\n", ["caf�"]),
        (b"", []),
    ],
    ids=["lines", "carriage return", "empty", "without newline", "no UTF-8", "nothing"],
)
async def test_what_is_written_arrives_line_by_line(written, lines):
    got = []
    async with passed_on(got.append) as descriptor:
        os.write(descriptor, written)
    assert got == lines


async def test_a_line_without_end_is_broken_and_not_kept():
    got = []
    async with passed_on(got.append) as descriptor:
        await asyncio.to_thread(os.write, descriptor, b"x" * (3 * LONGEST) + b"\n")
    assert "".join(got) == "x" * (3 * LONGEST)
    assert max(map(len, got)) < 2 * LONGEST


async def test_a_pipe_that_somebody_else_keeps_open_is_left():
    got = []
    async with passed_on(got.append) as descriptor:
        kept = os.dup(descriptor)
        os.write(descriptor, b"last words\n")
    os.close(kept)
    assert got == ["last words"]
