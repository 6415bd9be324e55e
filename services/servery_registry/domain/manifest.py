"""The manifest of a version: one digest for all its files."""

import hashlib
from collections.abc import Iterable

from servery_registry.domain.file import File


def manifest_sha256(files: Iterable[File]) -> str:
    """Digest of the manifest, as `Version.manifest_sha256` of the contract says: independent of the order given.

    `sha256sum` computes the same from lines of "sha256 size path", ordered by the bytes of the path.
    """
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path.encode()):
        digest.update(f"{file.sha256} {file.size_bytes} {file.path}\n".encode())
    return digest.hexdigest()
