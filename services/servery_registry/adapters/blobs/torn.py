"""What writes to a local folder leave when they are torn: obstore writes to <key>#<n>, and renames that at the end.

Neither a listing nor a reader ever sees such a file. A folder of parts that is empty is left over, too.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

LEAST_AGE_S: Final = 3600.0
"""A write in flight touches its file all the time. One that has not for so long is dead, whatever the grace time is."""

_STAGED = re.compile(r".*#[0-9]+")


def sweep(root: Path, before: datetime, *, dry_run: bool) -> tuple[int, int]:
    """Remove torn files last written before that time, and empty folders of parts: number and bytes of the files."""
    limit = min(before.timestamp(), time.time() - LEAST_AGE_S)
    count = size = 0
    for path in _files(root):
        if not _STAGED.fullmatch(path.name):
            continue
        try:
            seen = path.stat()
            if seen.st_mtime > limit:
                continue
            if not dry_run:
                path.unlink()
        except FileNotFoundError:
            continue  # renamed, or removed by somebody else
        count += 1
        size += seen.st_size
    if not dry_run:
        _remove_empty(root / "uploads")
    return count, size


def _files(folder: Path) -> Iterator[Path]:
    try:
        for each in folder.iterdir():
            if each.is_dir():
                yield from _files(each)
            else:
                yield each
    except FileNotFoundError:
        return  # removed meanwhile


def _remove_empty(uploads: Path) -> None:
    # A writer that finds its folder gone makes it again.
    if not uploads.is_dir():
        return
    for each in uploads.iterdir():
        try:
            each.rmdir()
        except OSError:
            continue  # not empty, or gone
