"""The node's line to the serving service: what to hold comes in, what is observed goes out."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import grpc

import servery.serving.v1 as pb
from servery._grpc_errors import from_rpc
from servery.registry.v1 import Framework
from servery_inference.domain.assignment import Assignment, Status

log = logging.getLogger(__name__)

LONGEST_WAIT_S: Final = 1.0
"""Before the serving service is dialled again."""

_REPORT_INTERVAL_S: Final = 2.0
_REPORT_TIMEOUT_S: Final = 5.0


class ServingLine:
    """Dials the serving service, again and again, for as long as it runs. Nothing is forgotten while it is away."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        node: pb.Node,
        *,
        apply: Callable[[Iterable[Assignment]], None],
        statuses: Callable[[], Sequence[Status]],
        changed: asyncio.Event,
    ) -> None:
        """`apply` takes all that the node shall hold; `changed` is set when there is news among the statuses."""
        self._stub: Any = pb.NodeServiceStub(channel)
        self._node = node
        self._apply = apply
        self._statuses = statuses
        self._changed = changed
        self._interval_s = _REPORT_INTERVAL_S
        self._watch: Any = None
        self._known = asyncio.Event()
        self._reachable = True

    async def run(self) -> None:
        """Watch and report until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_for_ever())
            tasks.create_task(self._report_for_ever())

    async def _watch_for_ever(self) -> None:
        wait = 0.1
        while True:
            self._known.clear()
            self._watch = self._stub.WatchAssignments(pb.WatchAssignmentsRequest(node=self._node))
            try:
                async for response in self._watch:
                    self._take(response)
                    wait = 0.1
                self._say_reachable(reachable=False, why="it closed the stream")
            except grpc.aio.AioRpcError as error:
                self._say_reachable(reachable=False, why=f"{error.code().name}: {error.details()}")
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise  # this task is cancelled, and not just the call, by _not_reported
            finally:
                self._watch.cancel()
            await asyncio.sleep(random.uniform(wait / 2, wait))  # noqa: S311  # spreads the nodes, guards nothing
            wait = min(2 * wait, LONGEST_WAIT_S)

    def _take(self, response: pb.WatchAssignmentsResponse) -> None:
        self._say_reachable(reachable=True, why="")
        self._interval_s = response.report_interval.ToNanoseconds() / 1e9 or _REPORT_INTERVAL_S
        self._apply([assignment_from_proto(each) for each in response.assignments])
        self._known.set()
        self._changed.set()

    async def _report_for_ever(self) -> None:
        while True:
            await self._known.wait()
            self._changed.clear()
            request = pb.ReportStatusRequest(
                node_id=self._node.id, statuses=[status_to_proto(status) for status in self._statuses()]
            )
            try:
                await self._stub.ReportStatus(request, timeout=_REPORT_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                self._not_reported(error)
                await asyncio.sleep(min(self._interval_s, LONGEST_WAIT_S) / 2)
                continue
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _not_reported(self, error: grpc.aio.AioRpcError) -> None:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            log.info("the serving service does not know this node any more; dialling again")
            self._known.clear()
            self._watch.cancel()
        else:
            log.debug("status not reported: %s", from_rpc(error))

    def _say_reachable(self, *, reachable: bool, why: str) -> None:
        if reachable and not self._reachable:
            log.info("the serving service is back")
        elif self._reachable and not reachable:
            log.warning(
                "the line to the serving service broke (%s); what is held goes on, and it is dialled again", why
            )
        self._reachable = reachable


def assignment_from_proto(message: pb.Assignment) -> Assignment:
    """An unspecified engine is LOCAL; values that this node is too old to know keep their number as name."""
    engine = message.engine or pb.ENGINE_LOCAL
    return Assignment(
        project=message.project or "default",
        deployment=message.deployment,
        revision=message.revision,
        model=message.model,
        model_version=message.model_version,
        version_id=message.version_id,
        framework=_name(Framework, message.framework, "FRAMEWORK_"),
        engine=_name(pb.Engine, engine, "ENGINE_"),
    )


def status_to_proto(status: Status) -> pb.AssignmentStatus:
    """A status as the serving service takes it."""
    return pb.AssignmentStatus(
        project=status.assignment.project,
        deployment=status.assignment.deployment,
        revision=status.assignment.revision,
        state=pb.AssignmentStatus.State.Value(f"STATE_{status.state}"),
        reason=status.reason,
    )


def _name(enum: Any, number: int, prefix: str) -> str:
    try:
        return str(enum.Name(number)).removeprefix(prefix)
    except ValueError:
        return str(number)
