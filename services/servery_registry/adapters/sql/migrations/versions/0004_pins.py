"""Who uses a version; and which files a content is named by, and which requests are old, without reading them all."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pin",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column(
            "user_name",
            sa.String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "user_name", name="pk_pin"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_pin_version_id_version"),
    )
    op.create_index("ix_file_sha256", "file", ["sha256"])
    op.create_index("ix_request_create_time", "request", ["create_time"])


def downgrade() -> None:
    op.drop_index("ix_request_create_time", "request")
    op.drop_index("ix_file_sha256", "file")
    op.drop_table("pin")
