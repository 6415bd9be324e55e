"""The digest of a version's manifest, and what was found in its files."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("version", sa.Column("manifest_sha256", sa.String(64), nullable=True))
    op.add_column("version", sa.Column("scan", sa.JSON(), nullable=True))
    _sign()


def downgrade() -> None:
    # No batch: it would drop and make anew the table that files and uploads refer to.
    for column in ("scan", "manifest_sha256"):
        op.execute(f"ALTER TABLE version DROP COLUMN {column}")


def _sign() -> None:
    """Versions that are READY already get the digest of their manifest; what they hold was not scanned."""
    version = sa.table("version", sa.column("id"), sa.column("state"), sa.column("manifest_sha256"))
    file = sa.table("file", *map(sa.column, ("version_id", "path", "size_bytes", "sha256")))
    connection = op.get_bind()
    for (id_,) in connection.execute(sa.select(version.c.id).where(version.c.state == "READY")).all():
        files = connection.execute(sa.select(file).where(file.c.version_id == id_)).all()
        ordered = sorted(files, key=lambda each: each.path.encode())
        lines = "".join(f"{each.sha256} {each.size_bytes} {each.path}\n" for each in ordered)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        connection.execute(sa.update(version).where(version.c.id == id_).values(manifest_sha256=digest))
