"""The Serving service on a real socket, between a registry and nodes that the test plays."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

import servery.registry.v1 as registry_pb
import servery.serving.v1 as pb
from servery import inference
from servery.errors import NotFound
from servery.registry.v1 import pin_service_pb2, version_service_pb2
from servery_kit.config import load
from servery_kit.interceptors import standard
from servery_kit.server import Service, running
from servery_serving.config import Config
from servery_serving.main import serving


class Registry(registry_pb.VersionServiceServicer, registry_pb.PinServiceServicer):
    """Has model iris in versions 1 and 2, and model false, which is quarantined; lets everything be pinned."""

    async def PinVersion(self, request, context):
        return registry_pb.PinVersionResponse()

    async def UnpinVersion(self, request, context):
        return registry_pb.UnpinVersionResponse()

    async def GetVersion(self, request, context):
        if request.model == "false":
            return registry_pb.GetVersionResponse(version=_quarantined(request))
        number = request.version or 2
        if request.model != "iris" or number > 2 or request.show_pending:
            raise NotFound(
                f"model {request.model!r} has no version {number}",
                reason="VERSION_NOT_FOUND",
                resource_type="version",
                resource_name=f"{request.model}/{number}",
            )
        version = registry_pb.Version(
            project=request.project,
            model=request.model,
            version=number,
            id=f"id-{number}",
            state=registry_pb.Version.STATE_READY,
            framework=registry_pb.FRAMEWORK_SKLEARN if number == 2 else 77,
        )
        return registry_pb.GetVersionResponse(version=version)


def _quarantined(request):
    finding = registry_pb.Scan.Finding(
        path="a/model.onnx", format="pickle", verdict=registry_pb.Scan.VERDICT_MISMATCH, text="the content is pickle"
    )
    return registry_pb.Version(
        project=request.project,
        model=request.model,
        version=request.version,
        id="id-false",
        state=registry_pb.Version.STATE_QUARANTINED,
        framework=registry_pb.FRAMEWORK_ONNX,
        scan=registry_pb.Scan(verdict=registry_pb.Scan.VERDICT_MISMATCH, findings=[finding]),
    )


@pytest.fixture
async def registry():
    """Address of a registry."""
    services = [
        Service(
            version_service_pb2.DESCRIPTOR.services_by_name["VersionService"],
            lambda server: registry_pb.add_VersionServiceServicer_to_server(Registry(), server),
        ),
        Service(
            pin_service_pb2.DESCRIPTOR.services_by_name["PinService"],
            lambda server: registry_pb.add_PinServiceServicer_to_server(Registry(), server),
        ),
    ]
    async with running("127.0.0.1:0", services, standard(), drain_s=0) as server:
        yield server.address


class FrontDoor(inference.GRPCInferenceServiceServicer):
    """A node's front door: ready for what is in `ready`, as (project, name, version)."""

    def __init__(self):
        self.ready = set()
        self.address = ""

    async def ModelReady(self, request, context):
        project = dict(context.invocation_metadata())["servery-project"]
        return inference.ModelReadyResponse(ready=(project, request.name, request.version) in self.ready)


@pytest.fixture
async def door():
    door = FrontDoor()
    server = grpc.aio.server()
    inference.add_GRPCInferenceServiceServicer_to_server(door, server)
    door.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield door
    await server.stop(None)


class Client:
    """What a test says to serving."""

    def __init__(self, channel):
        self.deployments = pb.DeploymentServiceStub(channel)
        self.nodes = pb.NodeServiceStub(channel)

    async def start(self, name="iris"):
        await self.deployments.CreateDeployment(pb.CreateDeploymentRequest(model="iris", name=name))
        await self.deployments.StartDeployment(pb.StartDeploymentRequest(name=name))

    async def get(self, name="iris"):
        return (await self.deployments.GetDeployment(pb.GetDeploymentRequest(name=name))).deployment

    def follow(self, name="iris"):
        return self.deployments.WatchDeployment(pb.WatchDeploymentRequest(name=name))

    async def until(self, state, name="iris"):
        """Follow until the deployment is in a state; answer that form."""
        call = self.follow(name)
        try:
            async with asyncio.timeout(10):
                async for response in call:
                    if response.deployment.state == state:
                        return response.deployment
        finally:
            call.cancel()

    def dial(self, address, node_id="n1"):
        return self.nodes.WatchAssignments(
            pb.WatchAssignmentsRequest(node=pb.Node(id=node_id, address=address)), timeout=30
        )

    async def report(self, state=None, name="iris", node_id="n1", reason=""):
        statuses = []
        if state is not None:
            status = pb.AssignmentStatus(project="default", deployment=name, revision=1, state=state, reason=reason)
            statuses.append(status)
        await self.nodes.ReportStatus(pb.ReportStatusRequest(node_id=node_id, statuses=statuses))


@pytest.fixture
def serve(tmp_path, registry):
    """Starts serving on one home, again and again."""

    @asynccontextmanager
    async def start(**given):
        values = {"bind": "127.0.0.1:0", "registry_address": registry, "report_interval_s": 0.2, "SERVERY_DRAIN_S": 5.0}
        config = load(Config, SERVERY_HOME=tmp_path, **(values | given))
        async with serving(config) as server, grpc.aio.insecure_channel(server.address) as channel:
            client = Client(channel)
            client.address = server.address
            yield client

    return start
