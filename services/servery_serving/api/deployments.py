"""DeploymentService."""

from collections.abc import AsyncIterator

import servery.serving.v1 as pb
from servery_kit.auth import principal
from servery_kit.interceptors.guard import Context
from servery_kit.paging import next_token, request_page
from servery_serving.api import checks, convert
from servery_serving.app.deployments import Wishes


class DeploymentServicer(pb.DeploymentServiceServicer):
    """Check, convert, call, convert."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes

    async def CreateDeployment(
        self, request: pb.CreateDeploymentRequest, context: Context
    ) -> pb.CreateDeploymentResponse:
        checks.create(request)
        deployment = await self._wishes.create(
            convert.draft_from_proto(request),
            creator=principal.get().name,
            request_id=convert.request_id_from_proto(request.request_id),
        )
        return pb.CreateDeploymentResponse(deployment=convert.deployment_to_proto(deployment))

    async def GetDeployment(self, request: pb.GetDeploymentRequest, context: Context) -> pb.GetDeploymentResponse:
        checks.named(request)
        deployment = await self._wishes.get(convert.project_from_proto(request.project), request.name)
        return pb.GetDeploymentResponse(deployment=convert.deployment_to_proto(deployment))

    async def ListDeployments(self, request: pb.ListDeploymentsRequest, context: Context) -> pb.ListDeploymentsResponse:
        checks.list_deployments(request)
        project = convert.project_from_proto(request.project)
        page = request_page(request.page_size, request.page_token, project)
        deployments, after = await self._wishes.list(project, page)
        return pb.ListDeploymentsResponse(
            deployments=[convert.deployment_to_proto(each) for each in deployments],
            next_page_token=next_token(after, project),
        )

    async def StartDeployment(self, request: pb.StartDeploymentRequest, context: Context) -> pb.StartDeploymentResponse:
        checks.named(request)
        deployment = await self._wishes.start(convert.project_from_proto(request.project), request.name)
        return pb.StartDeploymentResponse(deployment=convert.deployment_to_proto(deployment))

    async def StopDeployment(self, request: pb.StopDeploymentRequest, context: Context) -> pb.StopDeploymentResponse:
        checks.named(request)
        deployment = await self._wishes.stop(convert.project_from_proto(request.project), request.name)
        return pb.StopDeploymentResponse(deployment=convert.deployment_to_proto(deployment))

    async def DeleteDeployment(
        self, request: pb.DeleteDeploymentRequest, context: Context
    ) -> pb.DeleteDeploymentResponse:
        checks.named(request)
        await self._wishes.delete(convert.project_from_proto(request.project), request.name, force=request.force)
        return pb.DeleteDeploymentResponse()

    async def WatchDeployment(
        self, request: pb.WatchDeploymentRequest, context: Context
    ) -> AsyncIterator[pb.WatchDeploymentResponse]:
        checks.named(request)
        async for deployment in self._wishes.watch(convert.project_from_proto(request.project), request.name):
            yield pb.WatchDeploymentResponse(deployment=convert.deployment_to_proto(deployment))
