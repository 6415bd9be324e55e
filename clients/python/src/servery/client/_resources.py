"""What a client is answered: models, versions, files, deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A named line of versions."""

    project: str
    name: str
    """Unique within the project."""

    description: str
    latest_version: int
    """The highest version number that is READY; 0 while there is none."""

    creator: str
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One trained model: its files and what is known of them."""

    project: str
    model: str
    version: int
    id: str
    """A UUID, unique everywhere."""

    state: str
    """"PENDING" while files are uploaded, "READY" when it can be used, "FAILED" or "DELETING"."""

    framework: str
    """"sklearn", "onnx" …: what can load the files."""

    metrics: Mapping[str, float]
    description: str
    file_count: int
    size_bytes: int
    """Sum of the sizes of the files."""

    creator: str
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a version."""

    path: str
    """Relative to the version, "/" between folders."""

    size_bytes: int
    sha256: str
    """64 lower-case hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One aspect of how a deployment is."""

    type: str
    """"STOPPED", "SCHEDULED", "INITIALIZED", "STARTED" or "READY"."""

    status: str
    """"TRUE", "FALSE" or "IN_PROGRESS"."""

    reason: str
    last_transition_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A wish that a version of a model answers predictions under a name, and how that stands."""

    project: str
    name: str
    """Unique within the project; the model name on the inference protocol."""

    id: int
    description: str
    model: str
    model_version: int
    engine: str
    """"local" or "triton"."""

    revision: int
    started: bool
    """It is wished to run."""

    state: str
    """"CREATED", "STARTING", "RUNNING", "IDLE", "UPDATING", "STOPPING", "STOPPED", "FAILED" …"""

    reason: str
    """Why the state is what it is, and what to do next."""

    conditions: tuple[Condition, ...] = field(default=())
    reconciling: bool
    """The observation differs from the wish, and that is being worked on."""

    creator: str
    create_time: datetime
    update_time: datetime

    @property
    def ready(self) -> bool:
        """Predictions are answered: now, or, when IDLE, after the first request has woken it."""
        return self.state in {"RUNNING", "IDLE", "UPDATING"}
