"""Which node holds what."""

from collections.abc import Iterable
from typing import Protocol

from servery_serving.domain.deployment import Deployment
from servery_serving.domain.node import Assignment, Node


class Placement(Protocol):
    """Decides what a node shall hold."""

    def held_by(self, node: Node, deployments: Iterable[Deployment]) -> tuple[Assignment, ...]:
        """The node's assignments, ordered by project, deployment and revision."""


class Everywhere:
    """Every started deployment on every node."""

    def held_by(self, node: Node, deployments: Iterable[Deployment]) -> tuple[Assignment, ...]:
        wished = [assignment(each) for each in deployments if each.started and not each.deleting]
        return tuple(sorted(wished, key=lambda a: (a.key.project, a.key.deployment, a.key.revision)))


def assignment(deployment: Deployment) -> Assignment:
    """What a node is told of a deployment."""
    revision = deployment.revision
    return Assignment(
        key=deployment.key,
        model=revision.model,
        model_version=revision.model_version,
        version_id=revision.version_id,
        framework=revision.framework,
        engine=revision.engine,
    )
