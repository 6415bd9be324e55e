"""What a caller is told when the database fails, by SQLSTATE on PostgreSQL and by the driver's word on SQLite."""

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from servery.errors import Aborted, ResourceExhausted, Unavailable
from servery_kit.sql_failures import translate, why_not


class Postgres(Exception):
    def __init__(self, sqlstate: str, text: str = "as the server says") -> None:
        super().__init__(f"<class 'asyncpg.exceptions.Something'>: {text}")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [
        ("08006", Unavailable),  # connection failure
        ("25006", Unavailable),  # a standby after a failover: it only reads
        ("28P01", Unavailable),  # password changed meanwhile
        ("3D000", Unavailable),  # no such database
        ("53100", ResourceExhausted),  # disk full
        ("53300", Unavailable),  # too many connections
        ("55P03", Unavailable),  # lock timeout
        ("57014", Unavailable),  # cancelled
        ("57P01", Unavailable),  # shut down by its administrator
        ("57P03", Unavailable),  # starting up
        ("40001", Aborted),  # could not serialise
        ("40P01", Aborted),  # deadlock
        ("42P01", None),  # no such table: a bug
        ("22021", None),  # a character it does not take: a bug, since requests are checked
        ("23505", None),  # not unique: the adapter's business
    ],
)
def test_a_failure_of_postgresql_is_told_by_its_state(sqlstate, told):
    failure = translate(DBAPIError("SELECT", {}, Postgres(sqlstate)))
    assert type(failure) is (told or type(None))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OperationalError("BEGIN", {}, Exception("database is locked")), Unavailable),
        (OperationalError("INSERT", {}, Exception("database or disk is full")), ResourceExhausted),
        (InterfaceError("SELECT", {}, Exception("connection is closed"), connection_invalidated=True), Unavailable),
        (PoolTimeoutError("QueuePool limit of size 8 overflow 8 reached"), Unavailable),
        (ConnectionRefusedError(111, "Connect call failed"), Unavailable),
        (TimeoutError(), Unavailable),
        (IntegrityError("INSERT", {}, Exception("NOT NULL constraint failed")), None),
        (ProgrammingError("SELEKT", {}, Exception("syntax error")), None),
        (KeyError("x"), None),
        (Aborted("somebody else"), None),
        (None, None),
    ],
    ids=lambda case: getattr(case, "__name__", type(case).__name__),
)
def test_other_failures_are_told_by_their_kind(error, told):
    assert type(translate(error)) is (told or type(None))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DBAPIError("", {}, Postgres("28P01", "password authentication failed")), "password authentication failed"),
        (DBAPIError("", {}, Postgres("42501", "permission denied for schema")), "permission denied for schema"),
        (DBAPIError("", {}, Postgres("42P01", "no such table")), None),
        (OperationalError("", {}, Exception("unable to open database file")), "unable to open database file"),
        (ConnectionRefusedError(111, "Connect call failed"), "[Errno 111] Connect call failed"),
        (TimeoutError(), "it does not answer"),
        (KeyError("x"), None),
    ],
    ids=lambda case: type(case).__name__,
)
def test_why_a_service_does_not_start_is_told_in_one_line_unless_it_is_a_bug(error, why):
    assert why_not(error) == why
