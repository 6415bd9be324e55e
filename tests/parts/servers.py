"""Servers that the whole test session shares: each is started when a test first asks for it, and stopped at the end.

A test that stops or kills a server starts one of its own: `postgres_server`, `s3_server`.
"""

from contextlib import ExitStack
from functools import cache

from tests.parts import require
from tests.parts.postgres import Postgres, postgres_server
from tests.parts.s3 import S3, s3_server

_running = ExitStack()


@cache
def postgres() -> Postgres:
    """The PostgreSQL of this session. Skips or fails the running test without the part."""
    return _running.enter_context(postgres_server(require("postgres")))


@cache
def s3() -> S3:
    """The S3 server of this session. Skips or fails the running test without the part."""
    return _running.enter_context(s3_server(require("s3")))


def stop_all() -> None:
    """Stop what was started."""
    _running.close()
    postgres.cache_clear()
    s3.cache_clear()
