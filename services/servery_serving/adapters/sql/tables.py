"""The tables. A change here needs a migration beside it; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no time zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# Lists are ordered by name and paged by comparing names: byte by byte, on every database.
Name = String(255).with_variant(String(255, collation="C"), "postgresql")

# SQLite numbers rows by itself only in a column that is INTEGER, and reuses no number only with AUTOINCREMENT.
Id = BigInteger().with_variant(Integer(), "sqlite")

deployments = Table(
    "deployments",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("project", Name, nullable=False),
    Column("name", Name, nullable=False),
    Column("description", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("started", Boolean, nullable=False),
    Column("ever_started", Boolean, nullable=False),
    Column("deleting", Boolean, nullable=False, server_default=false()),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("conditions", JSON, nullable=False),
    Column("creator", String(255), nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    Column("update_time", UtcDateTime, nullable=False),
    Column("etag", String(32), nullable=False),
    sqlite_autoincrement=True,
)
Index(
    "deployments_by_name",
    deployments.c.project,
    deployments.c.name,
    unique=True,
    sqlite_where=text("NOT deleting"),
    postgresql_where=text("NOT deleting"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("deployment_id", Id, ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("model", String(255), nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("version_id", String(64), nullable=False),
    Column("framework", String(32), nullable=False),
    Column("engine", String(16), nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("project", String(255), primary_key=True),
    Column("request_id", String(36), primary_key=True),
    Column("digest", String(64), nullable=False),
    # No foreign key: the request is remembered longer than what it made.
    Column("deployment_id", Id, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
)

unpins = Table(
    "unpins",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("project", String(255), nullable=False),
    Column("model", String(255), nullable=False),
    Column("model_version", Integer, nullable=False),
    # "user" is a word of SQL's own.
    Column("user_name", String(255), key="user", nullable=False),
)
Index("unpins_by_user", unpins.c.user)
