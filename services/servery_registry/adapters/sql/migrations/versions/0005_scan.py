"""The digest of a version's manifest, and what was found in its files."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("version", sa.Column("manifest_sha256", sa.String(64), nullable=True))
    op.add_column("version", sa.Column("scan", sa.JSON(), nullable=True))
    _sign()


def downgrade() -> None:
    with op.batch_alter_table("version") as batch:
        batch.drop_column("scan")
        batch.drop_column("manifest_sha256")


def _sign() -> None:
    """Versions that are READY already get the digest of their manifest; what they hold was not scanned."""
    version = sa.table("version", sa.column("id"), sa.column("state"), sa.column("manifest_sha256"))
    file = sa.table("file", *map(sa.column, ("version_id", "path", "size_bytes", "sha256")))
    connection = op.get_bind()
    for (id_,) in connection.execute(sa.select(version.c.id).where(version.c.state == "READY")).all():
        files = connection.execute(sa.select(file).where(file.c.version_id == id_).order_by(file.c.path))
        lines = "".join(f"{each.sha256} {each.size_bytes} {each.path}\n" for each in files)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        connection.execute(sa.update(version).where(version.c.id == id_).values(manifest_sha256=digest))
