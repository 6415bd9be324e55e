"""The serving service's NodeService, in memory: tells nodes what the test assigns, keeps what they report."""

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
from google.protobuf.duration_pb2 import Duration

import servery.serving.v1 as pb


class FakeNodes(pb.NodeServiceServicer):
    """`assign` tells every node anew; `until` waits for a report."""

    def __init__(self) -> None:
        self.assignments: list[pb.Assignment] = []
        self.nodes: dict[str, pb.Node] = {}
        self.watches = 0
        self.reports = 0
        self.statuses: list[pb.AssignmentStatus] = []
        self._changed = asyncio.Condition()

    async def assign(self, *assignments: pb.Assignment) -> None:
        async with self._changed:
            self.assignments = list(assignments)
            self._changed.notify_all()

    async def forget(self) -> None:
        """Know no node any more, as after a restart."""
        self.nodes.clear()

    async def until(self, fits: Callable[[dict[str, pb.AssignmentStatus]], bool], timeout_s: float = 30.0) -> None:
        """Wait until the statuses, by deployment, fit. The last ones are in the error when they never do."""
        async with self._changed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._changed.wait_for(lambda: fits({each.deployment: each for each in self.statuses}))
            except TimeoutError:
                raise AssertionError(f"still {self.statuses}") from None

    async def WatchAssignments(self, request, context) -> AsyncIterator[pb.WatchAssignmentsResponse]:
        self.nodes[request.node.id] = request.node
        self.watches += 1
        while True:
            told = self.assignments
            yield pb.WatchAssignmentsResponse(assignments=told, report_interval=Duration(nanos=300_000_000))
            async with self._changed:
                await self._changed.wait_for(lambda told=told: self.assignments is not told)

    async def ReportStatus(self, request, context) -> pb.ReportStatusResponse:
        if request.node_id not in self.nodes:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"node '{request.node_id}' is not known")
        async with self._changed:
            self.reports += 1
            self.statuses = list(request.statuses)
            self._changed.notify_all()
        return pb.ReportStatusResponse()
