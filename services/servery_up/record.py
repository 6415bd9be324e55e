"""<home>/run/up.json: what runs, for people and programs that look from outside."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


class Record:
    """The file is there from when all is up until the stack is stopped. Readers see all of it or none of it.

    `services` maps a name to its address and its pid; a pid of None means that it is being restarted.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "run" / "up.json"
        self._begun = False

    def begin(self, services: Mapping[str, tuple[str, int | None]]) -> None:
        """All is up."""
        self._begun = True
        self.update(services)

    def update(self, services: Mapping[str, tuple[str, int | None]]) -> None:
        """A process has died, or was started. Before all is up that is nobody's business."""
        if not self._begun:
            return
        content = {
            "pid": os.getpid(),
            "services": {name: {"address": address, "pid": pid} for name, (address, pid) in services.items()},
        }
        draft = self._path.with_suffix(".json.new")
        # A full disk must not keep a service from being started again.
        with suppress(OSError):
            draft.write_text(json.dumps(content, indent=2) + "\n")
            draft.replace(self._path)

    def remove(self) -> None:
        """Nothing is up. A launcher that was killed left the file behind."""
        self._begun = False
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
