"""Run by alembic."""

from servery_kit.sql import run_migrations
from servery_registry.adapters.sql.tables import metadata

run_migrations(metadata)
