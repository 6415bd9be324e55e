"""A deployment: what is wished for, what is observed, and what we ask of the store of both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from servery.errors import AlreadyExists, InvalidArgument, NotFound
from servery_kit.paging import Page

NAME: Final = re.compile(r"[A-Za-z0-9]{1,255}")
"""What a deployment's name matches, whole."""


class Engine(StrEnum):
    """What runs the model."""

    LOCAL = "LOCAL"
    TRITON = "TRITON"


class State(StrEnum):
    """How a deployment is. The names are those of Hopsworks; IDLE and UPDATING are not reached yet."""

    CREATING = "CREATING"
    CREATED = "CREATED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    IDLE = "IDLE"
    UPDATING = "UPDATING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


class Aspect(StrEnum):
    """What a condition is about, in the order in which a start passes them."""

    STOPPED = "STOPPED"
    SCHEDULED = "SCHEDULED"
    INITIALIZED = "INITIALIZED"
    STARTED = "STARTED"
    READY = "READY"


class Status(StrEnum):
    """Whether a condition holds."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    IN_PROGRESS = "IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Condition:
    """One aspect of a deployment's state."""

    aspect: Aspect
    status: Status
    reason: str
    """For a person: why it is so."""

    last_transition_time: datetime
    """When status or reason last changed, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """How a deployment is, as far as it is known."""

    state: State
    reason: str
    """For a person: why the state is what it is, and what to do next."""

    conditions: tuple[Condition, ...] = ()
    """At most one of each aspect, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a deployment serves. Never changes: another content is another revision."""

    number: int
    """Unique in the deployment, from 1 upwards."""

    model: str
    model_version: int
    version_id: str
    """The registry's id of the version, unique everywhere."""

    framework: str
    """"SKLEARN", "ONNX" …: Framework of the registry, without its prefix."""

    engine: Engine
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Key:
    """What a node holds: one revision of one deployment. The same on every node."""

    project: str
    deployment: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A wish that a version of a model answers predictions under a name, and how far it has come true."""

    id: int
    """Unique everywhere, never used again; 0 until the store has given it one."""

    project: str
    name: str
    """Unique in the project among those that are not being deleted."""

    description: str
    revision: Revision
    """The one that is wished for."""

    started: bool = False
    """It is wished to run."""

    ever_started: bool = False
    deleting: bool = False
    """It is gone for every caller; the row stays until no node holds it."""

    observed: Observation
    creator: str
    create_time: datetime
    update_time: datetime
    """When the wish last changed."""

    etag: str
    """Changes with every change of the wish, and of nothing else."""

    @property
    def key(self) -> Key:
        """What the nodes hold for it."""
        return Key(self.project, self.name, self.revision.number)

    @property
    def reconciling(self) -> bool:
        """What is observed is not (or not certainly) what is wished for, and that is being worked on."""
        if not self.started:
            return self.observed.state not in {State.CREATED, State.STOPPED}
        ready = [each for each in self.observed.conditions if each.aspect is Aspect.READY]
        return not ready or ready[0].status is not Status.TRUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody asks to be deployed."""

    project: str
    name: str = ""
    """Empty: inferred from the model's name."""

    description: str = ""
    model: str
    model_version: int = 0
    """0: the latest, which is then pinned."""

    engine: Engine = Engine.LOCAL


def inferred_name(model: str) -> str:
    """The name of a deployment that was given none. Raise InvalidArgument when nothing of the model's name fits."""
    name = re.sub(r"[^A-Za-z0-9]", "", model)[:255]
    if not name:
        raise InvalidArgument(
            f"no name follows from the model's name {model!r}: it has neither letters nor digits; give a name",
            field="name",
        )
    return name


def not_found(project: str, name: str) -> NotFound:
    """The error of a deployment that is not there."""
    return NotFound(
        f"project {project!r} has no deployment {name!r}",
        reason="DEPLOYMENT_NOT_FOUND",
        resource_type="deployment",
        resource_name=name,
        metadata={"project": project, "deployment": name},
    )


def already_exists(project: str, name: str) -> AlreadyExists:
    """The error of a name that is taken."""
    return AlreadyExists(
        f"project {project!r} has a deployment {name!r} already; give another name, or delete that one first",
        reason="DEPLOYMENT_ALREADY_EXISTS",
        resource_type="deployment",
        resource_name=name,
        metadata={"project": project, "deployment": name},
    )


class Deployments(Protocol):
    """Where deployments are kept. Those that are being deleted are seen by `all` alone."""

    async def add(self, deployment: Deployment) -> Deployment:
        """Store a deployment and its revision; answer it with its id. Raise AlreadyExists when the name is taken."""

    async def get(self, project: str, name: str) -> Deployment:
        """Raise NotFound if there is none. In a unit of work that writes, nobody else changes it until that ends."""

    async def find(self, deployment_id: int) -> Deployment | None:
        """The deployment of an id; None when it was deleted."""

    async def list(self, project: str, page: Page) -> tuple[Sequence[Deployment], str | None]:
        """A page of the project's deployments, by name, and the name behind which the next page begins, if any."""

    async def all(self) -> Sequence[Deployment]:
        """Every deployment of every project, also those being deleted, by project, name and id."""

    async def last_revision(self, project: str, name: str) -> int:
        """The highest revision under this name of which a node may still hold something; 0 if there is none."""

    async def wish(self, deployment: Deployment) -> None:
        """Store the wish (`started`, `ever_started`, `deleting`, `update_time`, `etag`) and the observation."""

    async def observe(self, deployment: Deployment) -> bool:
        """Store the observation alone; False, and nothing is stored, when the wish is no longer that of the etag."""

    async def remove(self, deployment_id: int) -> None:
        """Forget a deployment that is being deleted, and its revisions."""
