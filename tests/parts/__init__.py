"""External parts that some tests need and no lock of ours installs.

A test calls `require("triton")`. Without the part it is skipped, and says which command installs it; with
SERVERY_REQUIRE_PARTS=1 it fails instead, so that a machine that is to run everything can't skip in silence.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(os.environ.get("SERVERY_PARTS") or Path(__file__).parents[2] / ".parts").absolute()
"""Where tests/parts.mk installs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that a test needs."""

    what: str
    path: str
    """What a test is given, below the folder of parts."""

    stamp: str
    """A file that is written when the installation is complete."""

    install: str


PARTS: Final = {
    "triton": Part(what="a real Triton server", path="triton", stamp="triton.stamp", install="make part-triton"),
    "kserve": Part(
        what="a Python with kserve's client", path="kserve/bin/python", stamp="kserve.stamp", install="make part-kserve"
    ),
    "grpcurl": Part(what="grpcurl", path="bin/grpcurl", stamp="grpcurl.stamp", install="make part-grpcurl"),
    "postgres": Part(
        what="the programs of PostgreSQL", path="postgres", stamp="postgres.stamp", install="make part-postgres"
    ),
    "s3": Part(what="an S3 server, MinIO", path="bin/minio", stamp="s3.stamp", install="make part-s3"),
}


def require(name: str, *, folder: Path = FOLDER) -> Path:
    """The path of a part. Skip the running test, or fail it, when the part is not installed."""
    part = PARTS[name]
    path = folder / part.path
    if (folder / part.stamp).exists() and path.exists():
        return path
    message = f"this test needs {part.what} ({name}): `{part.install}` installs it"
    if os.environ.get("SERVERY_REQUIRE_PARTS") == "1":
        pytest.fail(message)
    pytest.skip(message)
