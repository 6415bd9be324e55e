"""Progress bars of a transfer: the files under way, and all of them."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as RichProgress

import servery

_VERBS: Final = {"hash": "Reading", "send": "Uploading", "receive": "Downloading"}
_LONGEST: Final = 40


class Bars:
    """Draws on stderr while the block runs, and only on a terminal. An instance is a `progress=` of push and pull."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._stage = ""
        self._total = TaskID(0)
        self._files: dict[str, TaskID] = {}
        self._finished: list[str] = []

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, progress: servery.Progress) -> None:
        """Show how far the transfer is."""
        if progress.stage != self._stage:
            self._begin(progress)
        if progress.path not in self._files:
            for path in self._finished:  # they stay until another file begins, so that also what is quick is seen
                self._bars.remove_task(self._files.pop(path))
            self._finished.clear()
            name = progress.path if len(progress.path) <= _LONGEST else "…" + progress.path[1 - _LONGEST :]
            self._files[progress.path] = self._bars.add_task(f"  {name}", total=progress.file_size)
        self._bars.update(self._files[progress.path], completed=progress.file_done)
        self._bars.update(self._total, completed=progress.total_done)
        if progress.file_done == progress.file_size and progress.path not in self._finished:
            self._finished.append(progress.path)

    def _begin(self, progress: servery.Progress) -> None:
        for task in self._files.values():
            self._bars.remove_task(task)
        self._files.clear()
        self._finished.clear()
        self._stage = progress.stage
        self._total = self._bars.add_task(_VERBS[progress.stage], total=progress.total_size)
