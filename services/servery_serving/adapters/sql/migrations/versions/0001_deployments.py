"""Deployments, their revisions, and the requests that made them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Written out, not imported: a migration stays as it was when the tables move on.
NAME = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "deployments",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project", NAME, nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("started", sa.Boolean(), nullable=False),
        sa.Column("ever_started", sa.Boolean(), nullable=False),
        sa.Column("deleting", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("creator", sa.String(255), nullable=False),
        sa.Column("create_time", MOMENT, nullable=False),
        sa.Column("update_time", MOMENT, nullable=False),
        sa.Column("etag", sa.String(32), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "deployments_by_name",
        "deployments",
        ["project", "name"],
        unique=True,
        sqlite_where=sa.text("NOT deleting"),
        postgresql_where=sa.text("NOT deleting"),
    )
    op.create_table(
        "revisions",
        sa.Column("deployment_id", ID, sa.ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(64), nullable=False),
        sa.Column("framework", sa.String(32), nullable=False),
        sa.Column("engine", sa.String(16), nullable=False),
        sa.Column("create_time", MOMENT, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("project", sa.String(255), primary_key=True),
        sa.Column("request_id", sa.String(36), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("deployment_id", ID, nullable=False),
        sa.Column("create_time", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("requests")
    op.drop_table("revisions")
    op.drop_table("deployments")
