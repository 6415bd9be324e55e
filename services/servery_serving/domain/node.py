"""An inference node, what it shall hold, what it says it holds, and for how long it is believed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from servery_serving.domain.deployment import Engine, Key


@dataclass(frozen=True, slots=True)
class Node:
    """A process that answers predictions."""

    id: str
    """Chosen by the node and kept across its restarts; unique among the nodes."""

    address: str
    """host:port of its front door, as seen from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a node shall hold."""

    key: Key
    model: str
    model_version: int
    version_id: str
    framework: str
    """As in Revision."""

    engine: Engine


class Progress(StrEnum):
    """How far a node is with an assignment."""

    FETCHING = "FETCHING"
    LOADING = "LOADING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class AssignmentStatus:
    """What a node observes of one assignment."""

    key: Key
    progress: Progress
    reason: str = ""
    """For a person; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a probe."""

    ready: bool
    reason: str = ""
    """For a person: why it is not ready, and what to do; empty when it is."""


class Probe(Protocol):
    """Asks at a node's front door, as a client does."""

    async def ask(self, node: Node, key: Key, model_version: int) -> Answer:
        """Whether the node answers predictions for it. Never raises ServeryError: no answer is an Answer too."""


LEASE_INTERVALS: Final = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a node that says nothing is believed to be there."""

    interval_s: float
    """Nodes report at least this often."""

    @property
    def length_s(self) -> float:
        """So long after its last report a node is gone; so long after our own start all that live have reported."""
        return self.interval_s * LEASE_INTERVALS

    def holds(self, since: float, now: float) -> bool:
        """Whether a node that reported at `since` is there at `now`; both in seconds of one monotonic clock."""
        return now - since < self.length_s


@dataclass(frozen=True, slots=True)
class View:
    """One live node, seen from one deployment."""

    node: Node
    status: AssignmentStatus | None
    """None: the node has not taken it, or has dropped it."""

    answer: Answer | None = None
    """None: not probed, since the node does not say that it is ready."""
