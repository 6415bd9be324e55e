"""Pins in the registry that are to be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "unpins",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("user_name", sa.String(255), nullable=False),
    )
    op.create_index("unpins_by_user", "unpins", ["user_name"])


def downgrade() -> None:
    op.drop_table("unpins")
