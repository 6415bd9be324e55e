from servery_kit.sql import run_migrations
from servery_serving.adapters.sql.tables import metadata

run_migrations(metadata)
