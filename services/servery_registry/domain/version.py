"""A version of a model, and what we ask of the place that keeps versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from servery.errors import AlreadyExists, FailedPrecondition, NotFound
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.scan import Scan

MAX_METRIC_NAME: Final = 255
MAX_METRICS: Final = 1000


class State(Enum):
    """How far a version is."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    DELETING = "DELETING"
    QUARANTINED = "QUARANTINED"


FINALISED: Final = frozenset({State.READY, State.QUARANTINED})
"""States of versions that are complete, immutable, and seen by all."""


class Framework(Enum):
    """What can load the files."""

    SKLEARN = "SKLEARN"
    TENSORFLOW = "TENSORFLOW"
    TORCH = "TORCH"
    PYTHON = "PYTHON"
    ONNX = "ONNX"
    XGBOOST = "XGBOOST"
    LIGHTGBM = "LIGHTGBM"
    LLM = "LLM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One trained model. Its files, and what says what they are, never change once it is finalised."""

    project: str
    model: str
    number: int
    """Unique within the model, from 1 upwards, never used again."""

    id: str
    """A UUID, unique everywhere."""

    state: State
    framework: Framework
    metrics: Mapping[str, float]
    description: str
    file_count: int = 0
    size_bytes: int = 0
    """Sum of the sizes of the files."""

    creator: str
    create_time: datetime
    update_time: datetime
    etag: str
    """Another one with every change."""

    manifest_sha256: str = ""
    """One digest for all files, see `domain.manifest`; empty until it is finalised."""

    scan: Scan | None = None
    """What was found in the files; None until it is finalised, and of versions that were before there was a scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version that is asked for."""

    project: str
    model: str
    number: int = 0
    """0 for the next free one."""

    framework: Framework
    metrics: Mapping[str, float] = field(default_factory=dict)
    description: str = ""


class Versions(Protocol):
    """Where versions are kept. Every method is part of the unit of work it is reached through."""

    async def add(self, version: Version) -> None:
        """Raise AlreadyExists when the model has a version of that number."""

    async def get(self, project: str, model: str, number: int) -> Version:
        """A version in whatever state. Raise NotFound when there is none of that number."""

    async def lock(self, version_id: str) -> Version:
        """Get a version that nobody else changes until this unit of work ends."""

    async def list(self, project: str, model: str, window: Window[int], *, show_pending: bool) -> Listing[Version]:
        """Versions of a model, newest number first; those that are not finalised only when asked for."""

    async def save(self, version: Version) -> None:
        """Write what may change of a version that is locked."""


def must_be_pending(version: Version) -> None:
    """Raise FailedPrecondition when the version takes no files any more."""
    if version.state is not State.PENDING:
        raise FailedPrecondition(
            f"version {version.number} of model {version.model} is {version.state.value} and takes no files;"
            " create a new version",
            subject=_subject(version),
            reason="VERSION_NOT_PENDING",
        )


def must_be_complete(version: Version, unfinished: str | None) -> None:
    """Raise FailedPrecondition when the version can't be finalised. `unfinished`: path of an uncommitted upload."""
    must_be_pending(version)
    if unfinished is not None:
        raise FailedPrecondition(
            f"the upload of {unfinished!r} is not committed; commit it first",
            subject=_subject(version),
            reason="UPLOAD_NOT_COMMITTED",
            metadata={"path": unfinished},
        )
    if version.file_count == 0:
        raise FailedPrecondition(
            f"version {version.number} of model {version.model} has no file; upload at least one first",
            subject=_subject(version),
            reason="VERSION_HAS_NO_FILES",
        )


def no_such_version(model: str, number: int) -> NotFound:
    """For a number of 0: the model has no latest version."""
    text = f"model {model} has no finalised version {number}" if number else f"model {model} has no READY version"
    return NotFound(
        text + "; list its versions with show_pending for those that are being uploaded",
        resource_type="version",
        resource_name=f"{model}/{number or 'latest'}",
        reason="VERSION_NOT_FOUND",
        metadata={"model": model, "version": str(number)},
    )


def number_taken(model: str, number: int) -> AlreadyExists:
    return AlreadyExists(
        f"model {model} has a version {number} already; choose another number, or 0 for the next free one",
        resource_type="version",
        resource_name=f"{model}/{number}",
        reason="VERSION_EXISTS",
    )


def _subject(version: Version) -> str:
    return f"version {version.model}/{version.number}"
