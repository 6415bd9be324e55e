"""What a failing database means: to a caller while the service runs, and to the operator when it starts."""

from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from servery.errors import Aborted, ResourceExhausted, ServeryError, Unavailable

# Classes of SQLSTATE in which the statement is not to blame. 08 connection, 25 a standby that only reads, 28 password,
# 3D no such database, 53 resources, 55 locked, 57 shut down or cancelled, 58 the system beneath.
_AWAY: Final = ("08", "25", "28", "3D", "53", "55", "57", "58")
_DISK_FULL: Final = "53100"
_CONFLICTS: Final = ("40001", "40P01")  # could not serialise, deadlock
_DENIED: Final = "42501"


def translate(error: BaseException | None) -> ServeryError | None:
    """What a caller is told; None when it is not the database that fails.

    Violations of constraints are the adapter's own business, and a wrong statement is a bug: both give None.
    """
    # No connection is free, or none can be had: asyncpg lets the socket's own error through.
    if isinstance(error, PoolTimeoutError | OSError):
        return _unavailable()
    if not isinstance(error, DBAPIError):
        return None
    state, text = _state(error), str(error.orig)
    if state == _DISK_FULL or "disk is full" in text or "No space left" in text:
        return ResourceExhausted("the disk of the database is full; free some space", reason="DISK_FULL")
    if state in _CONFLICTS:
        return Aborted("somebody else changed the same at the same moment; try again", reason="CONFLICT")
    if error.connection_invalidated or state[:2] in _AWAY or (isinstance(error, OperationalError) and not state):
        return _unavailable()
    return None


def why_not(error: BaseException) -> str | None:
    """Why a database can't be used from the start, in one line; None when the error is a bug's."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, DBAPIError) and (translate(error) or _state(error) == _DENIED):
        # The driver's text begins with the class of its error: «<class 'asyncpg.…'>: …».
        return str(error.orig).partition(">: ")[2] or str(error.orig)
    return str(error) if isinstance(error, OSError) else None


def _state(error: DBAPIError) -> str:
    """The SQLSTATE of an error; empty on SQLite, which has none."""
    return getattr(error.orig, "sqlstate", None) or ""


def _unavailable() -> Unavailable:
    return Unavailable("the database does not answer; try again", reason="DATABASE_UNAVAILABLE", retry_after_s=1.0)
