"""A content, which is what one or more files are made of, and when it may be freed.

Freeing a content and naming it exclude one another: whoever adds a file to a version locks its content, looks whether
the blob store still holds it, and adds the file, all in one unit of work; whoever frees one locks it, looks whether a
file names it, and removes it from the blob store before the unit of work ends.
"""

from collections.abc import Collection
from typing import Protocol


class Contents(Protocol):
    """Which contents files are made of. Every method is part of the unit of work it is reached through."""

    async def lock(self, sha256: str) -> None:
        """Keep everybody else from naming or freeing a content until this unit of work ends."""

    async def named(self, digests: Collection[str]) -> set[str]:
        """Those of some contents, 1000 at most, of which a file of a version is made, whatever its state."""
