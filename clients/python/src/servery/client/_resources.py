"""What a client is answered: models, versions, files, deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from servery.client._schema import ModelSchema, Provenance


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
    etag: str = ""
    """Changes with every change of the model; given to `update`, only that form is changed."""

    aliases: Mapping[str, int] = field(default_factory=dict)
    """Alias to version number, such as champion: 3."""

    tags: Mapping[str, Any] = field(default_factory=dict)
    """Name to JSON value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a scan found."""

    path: str
    format: str
    """What the content is, such as "pickle", "zip", "onnx", "hdf5"."""

    verdict: str
    """As in `Scan.verdict`, of this one."""

    text: str
    """For a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What was found in the files of a version when it was finalised."""

    verdict: str
    """The worst of the findings: "CLEAN" (no promise: a scanner can be deceived), "SUSPICIOUS", "DANGEROUS" (both
    advisory), or "MISMATCH": a file is not of the format that its name says. "UNSPECIFIED" when one was not scanned and
    nothing worse was found."""

    scanner: str
    """What scanned, with its version."""

    findings: tuple[Finding, ...] = ()
    """At most 100, the worst first."""

    scan_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One trained model: its files and what is known of them."""

    project: str
    model: str
    version: int
    id: str
    """A UUID, unique everywhere."""

    state: str
    """"PENDING" while files are uploaded, "READY" when it can be used, "QUARANTINED" when a file is not what its name
    says, "FAILED" or "DELETING"."""

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
    etag: str = ""
    """Changes with every change of the version; given to `update` or `delete`, only that form is touched."""

    input_example: Any = None
    """What a request to the model may look like: any JSON. None when there is no example."""

    schema: ModelSchema | None = None
    provenance: Provenance | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    """Name to JSON value."""

    aliases: tuple[str, ...] = ()
    """Aliases of the model that name this version, in order."""

    missing_mandatory_tags: tuple[str, ...] = ()
    """Names of tags that the project asks of every version, and that this one has not."""

    manifest_sha256: str = ""
    """One digest for all files; empty until the version is finalised."""

    scan: Scan | None = None
    """What was found in the files; None until they were scanned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSchema:
    """What a project says of the tags of a name."""

    project: str
    name: str
    json_schema: Any = None
    """The JSON Schema (draft 2020-12) that values must fit; None: any value."""

    mandatory: bool
    """Every version shall have the tag. Versions without it are reported, not refused."""

    update_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """Something that garbage collection frees."""

    sha256: str
    """Of a content; empty for an upload."""

    upload_id: str
    """Of an upload that was given up; empty for a content."""

    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What garbage collection freed, or would free."""

    count: int
    size_bytes: int
    """Bytes of all of them."""

    garbage: tuple[Garbage, ...] = ()
    """The first 1000, the largest first."""


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
