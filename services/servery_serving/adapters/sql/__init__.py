"""Serving's state in SQL: SQLite or PostgreSQL, by the URL alone."""

from pathlib import Path
from typing import Final

MIGRATIONS: Final = Path(__file__).parent / "migrations"
