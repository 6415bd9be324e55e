"""The databases that the services run on, each as a way to get the URL of an empty one."""

from collections.abc import Callable
from pathlib import Path

from tests.parts import servers

DATABASES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda tmp_path: f"sqlite+aiosqlite:///{tmp_path / 'service.db'}",
    "postgres": lambda tmp_path: servers.postgres().new_database(),
}
