"""The nodes that have dialled in. In memory: after a restart they dial in again."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from servery.errors import Aborted, NotFound
from servery_serving.app.changes import WORK, Changes, of_node
from servery_serving.domain.clock import Clock
from servery_serving.domain.deployment import Deployment, Key
from servery_serving.domain.node import Answer, Assignment, AssignmentStatus, Lease, Node, Progress, View
from servery_serving.domain.placement import Placement

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    node: Node
    """Another object with each registration, equal or not: what was asked of an earlier one is no longer believed."""

    streams: int = 0
    """Open streams. All but the newest are about to end."""

    reported: float | None = None
    """When the node last reported; None before its first report, and after its lease ran out."""

    statuses: dict[Key, AssignmentStatus] = field(default_factory=dict)
    confirmed: set[Key] = field(default_factory=set)
    """What the node says is ready, and has answered for at its front door."""


class Nodes:
    """Registers nodes, tells them what to hold, and keeps what they observe for as long as their lease holds."""

    def __init__(self, *, lease: Lease, placement: Placement, clock: Clock, changes: Changes) -> None:
        self.lease = lease
        self._placement = placement
        self._clock = clock
        self._changes = changes
        self._known: dict[str, _Known] = {}
        self._deployments: tuple[Deployment, ...] = ()
        self._began = clock.monotonic()

    @property
    def settling(self) -> bool:
        """So little time has passed since our start that there may be nodes that have not reported."""
        return self.lease.holds(self._began, self._clock.monotonic())

    def assign(self, deployments: Iterable[Deployment]) -> None:
        """What is wished for from now on. Nodes for which it means another assignment are told."""
        before, self._deployments = self._deployments, tuple(deployments)
        for known in self._known.values():
            if self._held_by(known.node) != self._placement.held_by(known.node, before):
                self._changes.notify(of_node(known.node.id))

    async def watch(self, node: Node) -> AsyncIterator[tuple[Assignment, ...]]:
        """Register a node and answer what it shall hold: the whole now, and the whole anew at each change.

        Ends by raising: Aborted when the same node opens another stream, Unavailable when the service stops.
        """
        with self._changes.listen(of_node(node.id)) as listener:
            known = self._register(node)
            try:
                sent: tuple[Assignment, ...] | None = None
                while known.node is node:
                    held = self._held_by(node)
                    if held != sent:
                        yield held
                        sent = held
                    await listener.changed()
            finally:
                known.streams -= 1
        raise Aborted(
            f"node {node.id!r} has opened another stream from {known.node.address}; "
            "if that is another machine, give each its own SERVERY_INFERENCE_NODE_ID",
            reason="NODE_REPLACED",
            metadata={"node": node.id, "address": known.node.address},
        )

    def report(self, node_id: str, statuses: Sequence[AssignmentStatus]) -> None:
        """Take a node's whole observation and renew its lease. Raise NotFound when it has not registered with us."""
        self.expire()
        known = self._known.get(node_id)
        if known is None:
            raise NotFound(
                f"node {node_id!r} is not known here; open WatchAssignments first",
                reason="NODE_UNKNOWN",
                resource_type="node",
                resource_name=node_id,
                metadata={"node": node_id},
            )
        if known.reported is None:
            log.info("node %s is there, at %s", node_id, known.node.address)
        observed = {status.key: status for status in statuses}
        changed = known.reported is None or observed != known.statuses
        known.reported = self._clock.monotonic()
        known.statuses = observed
        known.confirmed &= {key for key, status in observed.items() if status.progress is Progress.READY}
        if changed:
            self._changes.notify(WORK)

    def views(self, key: Key) -> list[View]:
        """Every live node, as seen from one deployment; an answer only where the front door was asked before."""
        return [
            View(known.node, known.statuses.get(key), Answer(ready=True) if key in known.confirmed else None)
            for known in self._known.values()
            if known.reported is not None
        ]

    def confirm(self, node: Node, key: Key) -> None:
        """Remember that the front door of a node answered, until the node says otherwise or registers anew."""
        known = self._known.get(node.id)
        if known is None or known.node is not node or known.reported is None:
            return
        status = known.statuses.get(key)
        if status is not None and status.progress is Progress.READY:
            known.confirmed.add(key)

    def forget_answers(self, key: Key) -> None:
        """Ask anew before a deployment is called RUNNING: it was stopped."""
        for known in self._known.values():
            known.confirmed.discard(key)

    def expire(self) -> None:
        """Let go of the nodes whose lease has run out; the lease, not the stream, says that a node is there."""
        now = self._clock.monotonic()
        for node_id, known in list(self._known.items()):
            if known.reported is not None and not self.lease.holds(known.reported, now):
                log.warning("node %s is gone: it has not reported for %g s", node_id, self.lease.length_s)
                known.reported = None
                known.statuses = {}
                known.confirmed = set()
            if known.reported is None and not known.streams:
                del self._known[node_id]

    def _register(self, node: Node) -> _Known:
        known = self._known.get(node.id)
        if known is None:
            known = self._known[node.id] = _Known(node)
        known.node = node
        known.confirmed = set()
        known.streams += 1
        self._changes.notify(of_node(node.id))
        self._changes.notify(WORK)
        return known

    def _held_by(self, node: Node) -> tuple[Assignment, ...]:
        return self._placement.held_by(node, self._deployments)
