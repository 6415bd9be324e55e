"""NodeService."""

from collections.abc import AsyncIterator

import servery.serving.v1 as pb
from servery_kit.interceptors.guard import Context
from servery_serving.api import checks, convert
from servery_serving.app.nodes import Nodes


class NodeServicer(pb.NodeServiceServicer):
    """Check, convert, call, convert."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    async def WatchAssignments(
        self, request: pb.WatchAssignmentsRequest, context: Context
    ) -> AsyncIterator[pb.WatchAssignmentsResponse]:
        checks.watch_assignments(request)
        async for assignments in self._nodes.watch(convert.node_from_proto(request.node)):
            yield convert.assignments_to_proto(assignments, self._nodes.lease.interval_s)

    async def ReportStatus(self, request: pb.ReportStatusRequest, context: Context) -> pb.ReportStatusResponse:
        checks.report_status(request)
        self._nodes.report(request.node_id, [convert.status_from_proto(status) for status in request.statuses])
        return pb.ReportStatusResponse()
