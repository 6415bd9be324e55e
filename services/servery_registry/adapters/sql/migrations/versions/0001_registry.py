"""Models, versions, files, uploads, remembered requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(length: int) -> sa.types.TypeEngine[str]:
    """A string that is compared byte by byte."""
    return sa.String(length).with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "model",
        sa.Column("project", _text(255), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        sa.Column("last_version", sa.Integer(), nullable=False),
        sa.Column("creator", sa.String(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("project", "name", name="pk_model"),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project", _text(255), nullable=False),
        sa.Column("model", _text(255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("framework", sa.String(32), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("creator", sa.String(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_version"),
        sa.UniqueConstraint("project", "model", "number", name="uq_version_project_model_number"),
        sa.ForeignKeyConstraint(
            ["project", "model"], ["model.project", "model.name"], name="fk_version_project_model_model"
        ),
    )
    op.create_table(
        "file",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("path", _text(1024), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "path", name="pk_file"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_file_version_id_version"),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("path", _text(1024), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("committed", sa.Boolean(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.UniqueConstraint("version_id", "path", name="uq_upload_version_id_path"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_upload_version_id_version"),
    )
    op.create_table(
        "request",
        sa.Column("project", _text(255), nullable=False),
        sa.Column("method", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("made", sa.String(255), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("project", "method", "request_id", name="pk_request"),
    )


def downgrade() -> None:
    for table in ("request", "upload", "file", "version", "model"):
        op.drop_table(table)
