"""Metrics in a table of their own, and an index for each order of a list."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CHUNK = 500


def _text(length: int) -> sa.types.TypeEngine[str]:
    """A string that is compared byte by byte."""
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


_VERSION = sa.table(
    "version",
    sa.column("id", sa.String),
    sa.column("project", sa.String),
    sa.column("model", sa.String),
    sa.column("number", sa.Integer),
    sa.column("metrics", sa.JSON),
)
_INDEXES: dict[str, tuple[str, list[str | sa.TextClause]]] = {
    "ix_version_project_model_number_desc": ("version", ["project", "model", sa.text("number DESC")]),
    "ix_version_project_number_model": ("version", ["project", "number", "model"]),
    "ix_version_project_model_create_time_number": ("version", ["project", "model", "create_time", "number"]),
    "ix_version_project_create_time_model_number": ("version", ["project", "create_time", "model", "number"]),
    "ix_metric_project_model_name_value_number": ("metric", ["project", "model", "name", "value", "number"]),
    "ix_metric_project_name_value_model_number": ("metric", ["project", "name", "value", "model", "number"]),
}


def upgrade() -> None:
    metric = op.create_table(
        "metric",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("project", _text(255), nullable=False),
        sa.Column("model", _text(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "name", name="pk_metric"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name="fk_metric_version_id_version", ondelete="CASCADE"
        ),
    )
    for version in _all_versions():
        rows = [
            {
                "version_id": version.id,
                "name": name,
                "value": float(value),
                "project": version.project,
                "model": version.model,
                "number": version.number,
            }
            for name, value in version.metrics.items()
        ]
        if rows:
            op.get_bind().execute(sa.insert(metric), rows)
    # Not in batch mode, which would drop the table that files and uploads refer to, and make it anew.
    op.execute("ALTER TABLE version DROP COLUMN metrics")
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns)


def _all_versions() -> Iterator[sa.Row[Any]]:
    """The versions with metrics, a chunk of them in memory at a time."""
    after = ""
    while True:
        query = sa.select(_VERSION).where(_VERSION.c.id > after).order_by(_VERSION.c.id).limit(_CHUNK)
        rows = op.get_bind().execute(query).all()
        yield from rows
        if len(rows) < _CHUNK:
            return
        after = rows[-1].id


def downgrade() -> None:
    op.add_column("version", sa.Column("metrics", sa.JSON(), nullable=False, server_default="{}"))
    metric = sa.table("metric", sa.column("version_id"), sa.column("name"), sa.column("value", sa.Double))
    gathered: dict[str, dict[str, float]] = {}
    for row in op.get_bind().execute(sa.select(metric)):
        gathered.setdefault(row.version_id, {})[row.name] = row.value
    for version_id, metrics in gathered.items():
        op.get_bind().execute(sa.update(_VERSION).where(_VERSION.c.id == version_id).values(metrics=metrics))
    for name, (table, _) in _INDEXES.items():
        op.drop_index(name, table)
    op.drop_table("metric")
