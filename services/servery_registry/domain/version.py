"""A version of a model, and what we ask of the place that keeps versions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

from servery.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from servery_registry.domain.filter import Filter
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model_schema import ModelSchema
from servery_registry.domain.order import NEWEST, Key, Order, Part
from servery_registry.domain.provenance import Provenance
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

    schema: ModelSchema = field(default_factory=ModelSchema)
    provenance: Provenance = field(default_factory=Provenance)
    input_example: str = ""
    """JSON as text; empty when there is none. Kept apart, as the next three are: see `app.described`."""

    aliases: Sequence[str] = ()
    """Aliases of the model that name this version, in order."""

    tags: Mapping[str, Any] = field(default_factory=dict)
    """Name to JSON value."""

    missing_mandatory_tags: Sequence[str] = ()
    """Names of tags that the project asks of every version, and that this one has not."""

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
    input_example: str = ""
    schema: ModelSchema = field(default_factory=ModelSchema)
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """What is to become of a version. None: as it is."""

    description: str | None = None
    metrics: Mapping[str, float] | None = None
    input_example: str | None = None
    schema: ModelSchema | None = None
    provenance: Provenance | None = None
    framework: Framework | None = None
    """Given to be refused when it is another one."""


class Versions(Protocol):
    """Where versions are kept. Every method is part of the unit of work it is reached through."""

    async def add(self, version: Version) -> None:
        """Raise AlreadyExists when the model has a version of that number."""

    async def get(self, project: str, model: str, number: int) -> Version:
        """A version in whatever state. Raise NotFound when there is none of that number."""

    async def lock(self, version_id: str) -> Version:
        """Get a version that nobody else changes until this unit of work ends. Raise NotFound when it is deleted."""

    async def list(
        self,
        project: str,
        model: str | None,
        window: Window[Key],
        *,
        show_pending: bool,
        where: Filter = (),
        order: Order = NEWEST,
    ) -> Listing[Version]:
        """Versions of a model, or for None of all of a project, in an order; all comparisons hold of each.

        Those that are not finalised only when asked for.
        """

    async def best(self, project: str, model: str, metric: str, *, highest: bool) -> Version | None:
        """The READY version with the highest, or lowest, value of a metric; of equal ones the newest; or None."""

    async def save(self, version: Version) -> None:
        """Write what may change of a version that is locked."""

    async def remove(self, version_id: str) -> None:
        """Forget a version that is locked and not pinned, its files, its uploads and all else that is said of it."""

    async def latest(self, project: str, model: str) -> int:
        """The highest number of a model that is READY; 0 when there is none."""

    async def any_of(self, project: str, model: str) -> int:
        """The lowest number of a model, in whatever state; 0 when it has no versions."""


class InputExamples(Protocol):
    """Where input examples are kept, apart from their versions. Part of a unit of work."""

    async def put(self, version_id: str, text: str) -> None:
        """Add the example of a version that is locked, or change it; empty: remove it."""

    async def sizes(self, version_ids: Sequence[str]) -> Mapping[str, int]:
        """Bytes of the example of every version that has one."""

    async def of(self, version_ids: Sequence[str]) -> Mapping[str, str]:
        """Example of every version that has one."""


def key_of(version: Version, order: Order) -> Key:
    """Where a version stands. It must have the metric that the order names."""
    values: Mapping[Part, Callable[[], str | int | float | datetime]] = {
        Part.MODEL: lambda: version.model,
        Part.NUMBER: lambda: version.number,
        Part.CREATE_TIME: lambda: version.create_time,
        Part.VALUE: lambda: float(version.metrics[order.metric]),
    }
    return tuple(values[part]() for part, _ in order.parts)


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


def must_be_of(version: Version, framework: Framework | None) -> None:
    """Raise InvalidArgument when a change names another framework than the version's."""
    if framework not in (None, version.framework):
        raise InvalidArgument(
            f"version {version.number} of model {version.model} is of framework {version.framework.value} and stays so;"
            " create a new version for other files",
            field="version.framework",
            reason="FRAMEWORK_IMMUTABLE",
        )


def must_be_current(name: str, etag: str, given: str) -> None:
    """Raise Aborted when an etag is given and is not the present one. `name`: such as "model iris"."""
    if given and given != etag:
        raise Aborted(
            f"{name} has changed since etag {given[:64]} was read; get it again and decide anew",
            reason="ETAG_MISMATCH",
            metadata={"etag": etag},
        )


def no_version_has(model: str, metric: str) -> NotFound:
    return NotFound(
        f"no READY version of model {model} has a metric {metric[:255]!r}; list its versions for the metrics they have",
        resource_type="metric",
        resource_name=metric,
        reason="METRIC_NOT_FOUND",
        metadata={"model": model, "metric": metric},
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


def version_deleted(version_id: str) -> NotFound:
    return NotFound(
        "the version has just been deleted; list the versions for what there is",
        resource_type="version",
        resource_name=version_id,
        reason="VERSION_NOT_FOUND",
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
