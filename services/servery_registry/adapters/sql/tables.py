"""The tables of the registry. A change here needs a migration; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    desc,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """A point in time, with its zone. SQLite forgets the zone, so all are stored as UTC and come back so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text(length: int) -> Any:
    """A string that is compared byte by byte on every database: lists are ordered, and paged, by such columns."""
    return String(length).with_variant(VARCHAR(length, collation="C"), "postgresql")


class Table(SQLModel, registry=registry(metadata=metadata)):
    """What all tables of this service are; apart from those of others that a process may load."""

    metadata = metadata


class ModelRow(Table, table=True):
    __tablename__ = "model"

    project: str = Field(sa_column=Column(text(255), primary_key=True))
    name: str = Field(sa_column=Column(text(255), primary_key=True))
    description: str = Field(sa_column=Column(String(1000), nullable=False))
    latest_version: int
    last_version: int
    """The highest number ever given to a version."""
    creator: str
    create_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    update_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    etag: str = Field(sa_column=Column(String(36), nullable=False))


class VersionRow(Table, table=True):
    __tablename__ = "version"
    __table_args__ = (
        Unique("project", "model", "number"),
        ForeignKeyConstraint(["project", "model"], ["model.project", "model.name"]),
        # One for each order of a list, so that no page of it is sorted anew: of one model, or of all.
        Index("ix_version_project_model_number_desc", "project", "model", desc("number")),
        Index("ix_version_project_number_model", "project", "number", "model"),
        Index("ix_version_project_model_create_time_number", "project", "model", "create_time", "number"),
        Index("ix_version_project_create_time_model_number", "project", "create_time", "model", "number"),
    )

    id: str = Field(sa_column=Column(String(36), primary_key=True))
    project: str = Field(sa_column=Column(text(255), nullable=False))
    model: str = Field(sa_column=Column(text(255), nullable=False))
    number: int
    state: str = Field(sa_column=Column(String(16), nullable=False))
    framework: str = Field(sa_column=Column(String(32), nullable=False))
    description: str = Field(sa_column=Column(String(1000), nullable=False))
    file_count: int
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    creator: str
    create_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    update_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    etag: str = Field(sa_column=Column(String(36), nullable=False))
    model_schema: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False, server_default="{}"))
    """What the model takes and gives; {} when its author does not say."""
    provenance: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False, server_default="{}"))
    """{} when nothing is known."""
    manifest_sha256: str | None = Field(sa_column=Column(String(64)))
    scan: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True)))


class MetricRow(Table, table=True):
    """One metric of a version. Project, model and number are those of the version: lists are ordered by a metric."""

    __tablename__ = "metric"
    __table_args__ = (
        ForeignKeyConstraint(["version_id"], ["version.id"], ondelete="CASCADE"),
        Index("ix_metric_project_model_name_value_number", "project", "model", "name", "value", "number"),
        Index("ix_metric_project_name_value_model_number", "project", "name", "value", "model", "number"),
    )

    version_id: str = Field(sa_column=Column(String(36), primary_key=True))
    name: str = Field(sa_column=Column(text(255), primary_key=True))
    value: float = Field(sa_column=Column(Double, nullable=False))
    project: str = Field(sa_column=Column(text(255), nullable=False))
    model: str = Field(sa_column=Column(text(255), nullable=False))
    number: int


class InputExampleRow(Table, table=True):
    """Apart from the version, since it may be large, and is not wanted when many versions are looked through."""

    __tablename__ = "input_example"
    __table_args__ = (ForeignKeyConstraint(["version_id"], ["version.id"], ondelete="CASCADE"),)

    version_id: str = Field(sa_column=Column(String(36), primary_key=True))
    content: str = Field(sa_column=Column(Text, nullable=False))
    size_bytes: int


class AliasRow(Table, table=True):
    __tablename__ = "alias"
    __table_args__ = (
        ForeignKeyConstraint(["version_id"], ["version.id"], ondelete="CASCADE"),
        Index("ix_alias_version_id", "version_id"),
    )

    project: str = Field(sa_column=Column(text(255), primary_key=True))
    model: str = Field(sa_column=Column(text(255), primary_key=True))
    alias: str = Field(sa_column=Column(text(63), primary_key=True))
    version_id: str = Field(sa_column=Column(String(36), nullable=False))
    update_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class TagRow(Table, table=True):
    __tablename__ = "tag"
    __table_args__ = (ForeignKeyConstraint(["project", "model"], ["model.project", "model.name"], ondelete="CASCADE"),)

    project: str = Field(sa_column=Column(text(255), primary_key=True))
    model: str = Field(sa_column=Column(text(255), primary_key=True))
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    """0 for the model itself."""
    name: str = Field(sa_column=Column(text(63), primary_key=True))
    value: Any = Field(sa_column=Column(JSON, nullable=False))
    update_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class TagSchemaRow(Table, table=True):
    __tablename__ = "tag_schema"

    project: str = Field(sa_column=Column(text(255), primary_key=True))
    name: str = Field(sa_column=Column(text(63), primary_key=True))
    json_schema: str = Field(sa_column=Column(Text, nullable=False))
    """Empty: any value."""
    mandatory: bool
    update_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class FileRow(Table, table=True):
    __tablename__ = "file"
    __table_args__ = (ForeignKeyConstraint(["version_id"], ["version.id"]),)

    version_id: str = Field(sa_column=Column(String(36), primary_key=True))
    path: str = Field(sa_column=Column(text(1024), primary_key=True))
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=Column(String(64), nullable=False, index=True))


class UploadRow(Table, table=True):
    __tablename__ = "upload"
    __table_args__ = (
        Unique("version_id", "path"),
        ForeignKeyConstraint(["version_id"], ["version.id"]),
    )

    id: str = Field(sa_column=Column(String(36), primary_key=True))
    version_id: str = Field(sa_column=Column(String(36), nullable=False))
    path: str = Field(sa_column=Column(text(1024), nullable=False))
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=Column(String(64), nullable=False))
    committed: bool
    create_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class RequestRow(Table, table=True):
    __tablename__ = "request"

    project: str = Field(sa_column=Column(text(255), primary_key=True))
    method: str = Field(sa_column=Column(String(64), primary_key=True))
    request_id: str = Field(sa_column=Column(String(36), primary_key=True))
    fingerprint: str = Field(sa_column=Column(String(64), nullable=False))
    made: str = Field(sa_column=Column(String(255), nullable=False))
    create_time: datetime = Field(sa_column=Column(UtcTime, nullable=False, index=True))


class PinRow(Table, table=True):
    __tablename__ = "pin"
    __table_args__ = (ForeignKeyConstraint(["version_id"], ["version.id"]),)

    version_id: str = Field(sa_column=Column(String(36), primary_key=True))
    user_name: str = Field(sa_column=Column(text(255), primary_key=True))
    create_time: datetime = Field(sa_column=Column(UtcTime, nullable=False))
