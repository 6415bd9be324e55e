"""What a node shall hold, and how far it is with it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One revision of one deployment that this node shall hold. Two that are equal are the same piece of work."""

    project: str
    deployment: str
    revision: int
    model: str
    model_version: int
    version_id: str
    framework: str
    """As in Source: "SKLEARN", "ONNX" …"""

    engine: str
    """As in Source: "LOCAL" or "TRITON"."""

    def __str__(self) -> str:
        return f"{self.project}/{self.deployment} revision {self.revision}"


class State(StrEnum):
    """How far the node is."""

    FETCHING = "FETCHING"
    LOADING = "LOADING"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Status:
    """What the node observes of one assignment."""

    assignment: Assignment
    state: State
    reason: str = ""
    """For a person: why it is so, and what to do. Empty when all is well."""


Observe: TypeAlias = Callable[[State, str], None]
"""Takes a new state of a loaded model, and its reason: LOADING or FAILED while it can't answer, READY once it can."""
