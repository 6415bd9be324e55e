"""Schema, provenance and input example of a version; aliases, tags, tag schemas."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(length: int) -> sa.types.TypeEngine[str]:
    """A string that is compared byte by byte."""
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    # No batch: it would drop and make anew the table that files and uploads refer to. The versions that are there say
    # nothing of these.
    for column in ("model_schema", "provenance"):
        op.add_column("version", sa.Column(column, sa.JSON(), nullable=False, server_default="{}"))
    op.create_table(
        "input_example",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_input_example"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name="fk_input_example_version_id_version", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "alias",
        sa.Column("project", _text(255), nullable=False),
        sa.Column("model", _text(255), nullable=False),
        sa.Column("alias", _text(63), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project", "model", "alias", name="pk_alias"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_alias_version_id_version", ondelete="CASCADE"),
    )
    op.create_index("ix_alias_version_id", "alias", ["version_id"])
    op.create_table(
        "tag",
        sa.Column("project", _text(255), nullable=False),
        sa.Column("model", _text(255), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", _text(63), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project", "model", "number", "name", name="pk_tag"),
        sa.ForeignKeyConstraint(
            ["project", "model"], ["model.project", "model.name"], name="fk_tag_project_model_model", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "tag_schema",
        sa.Column("project", _text(255), nullable=False),
        sa.Column("name", _text(63), nullable=False),
        sa.Column("json_schema", sa.Text(), nullable=False),
        sa.Column("mandatory", sa.Boolean(), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name="pk_tag_schema"),
    )


def downgrade() -> None:
    for table in ("tag_schema", "tag", "alias", "input_example"):
        op.drop_table(table)
    for column in ("provenance", "model_schema"):
        op.execute(f"ALTER TABLE version DROP COLUMN {column}")
