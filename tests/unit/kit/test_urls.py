"""Passwords in URLs are never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery_kit.urls import of_scheme, shown


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql+asyncpg://me:secret@host:5432/db", "postgresql+asyncpg://me:***@host:5432/db"),
        ("postgresql+asyncpg://me:se@cr@et@host/db", "postgresql+asyncpg://me:***@host/db"),
        ("postgresql+asyncpg://:secret@host/db", "postgresql+asyncpg://:***@host/db"),
        ("postgresql+asyncpg://me@host/db?password=secret&ssl=require", None),
        ("error: 'postgres://me:secret@host/db' is none", "error: 'postgres://me:***@host/db' is none"),
        ("sqlite+aiosqlite:////data/registry.db", "sqlite+aiosqlite:////data/registry.db"),
        ("s3://bucket/a/folder@home", "s3://bucket/a/folder@home"),
        ("file:///data/blobs", "file:///data/blobs"),
    ],
)
def test_a_url_is_shown_without_its_password(url, seen):
    assert shown(url) == (seen or "postgresql+asyncpg://me@host/db?password=***&ssl=require")


@given(st.from_regex(r"[A-Za-z0-9%:@!*._~-]{6,40}", fullmatch=True))
def test_no_password_is_shown(password):
    assert shown(f"postgresql+asyncpg://me:{password}@host/db") == "postgresql+asyncpg://me:***@host/db"


def test_a_scheme_that_is_not_known_is_refused_with_those_that_are():
    assert of_scheme("", ("file",)) == ""
    assert of_scheme("file:///x", ("file",)) == "file:///x"
    with pytest.raises(ValueError, match="begins with one of file://, s3://"):
        of_scheme("/a/folder", ("file", "s3"))
