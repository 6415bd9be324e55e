"""A serving service over the wire that keeps deployments in memory and plays the states it is told to.

`script` is what a start leads through: (state, reason) pairs. So many watches as `break_watches` says end with
UNAVAILABLE after their first answer.
"""

import re
import threading

import grpc

import servery.serving.v1 as pb
from servery.errors import AlreadyExists, FailedPrecondition, NotFound, Unavailable
from tests.fakes.grpc_server import abort

State = pb.Deployment.State
RUNS = [(State.STATE_STARTING, "Initializing deployment"), (State.STATE_RUNNING, "Deployment is ready")]


class FakeServing(pb.DeploymentServiceServicer):
    def __init__(self, latest: int = 1) -> None:
        self.deployments: dict[tuple[str, str], pb.Deployment] = {}
        self.latest = latest
        self.script = list(RUNS)
        self.break_watches = 0
        self.watches = 0
        self.changed = threading.Condition()

    def add(self, server: grpc.Server) -> None:
        pb.add_DeploymentServiceServicer_to_server(self, server)

    def CreateDeployment(self, request, context):
        name = request.name or re.sub(r"[^A-Za-z0-9]", "", request.model)
        key = (request.project, name)
        if key in self.deployments:
            abort(
                context,
                AlreadyExists(f"deployment {name!r} is there", resource_type="deployment", resource_name=name),
            )
        made = pb.Deployment(
            project=request.project,
            name=name,
            id=len(self.deployments) + 1,
            model=request.model,
            model_version=request.model_version or self.latest,
            engine=request.engine,
            revision=1,
            state=State.STATE_CREATED,
            reason="Deployment was never started",
            creator="anonymous",
        )
        made.create_time.FromSeconds(1_700_000_000)
        made.update_time.FromSeconds(1_700_000_000)
        self.deployments[key] = made
        return pb.CreateDeploymentResponse(deployment=made)

    def GetDeployment(self, request, context):
        return pb.GetDeploymentResponse(deployment=self._get(request, context))

    def ListDeployments(self, request, context):
        found = [each for (project, _), each in sorted(self.deployments.items()) if project == request.project]
        return pb.ListDeploymentsResponse(deployments=found)

    def StartDeployment(self, request, context):
        found = self._get(request, context)
        with self.changed:
            found.started = True
            found.state, found.reason = self.script[0]
            condition = pb.Deployment.Condition(
                type=pb.Deployment.Condition.TYPE_SCHEDULED,
                status=pb.Deployment.Condition.STATUS_TRUE,
                reason="Scheduled",
            )
            condition.last_transition_time.FromSeconds(1_700_000_000)
            del found.conditions[:]
            found.conditions.append(condition)
            self.changed.notify_all()
        return pb.StartDeploymentResponse(deployment=found)

    def StopDeployment(self, request, context):
        found = self._get(request, context)
        with self.changed:
            found.started = False
            found.state, found.reason = State.STATE_STOPPED, "Deployment is not running"
            self.changed.notify_all()
        return pb.StopDeploymentResponse(deployment=found)

    def DeleteDeployment(self, request, context):
        found = self._get(request, context)
        if found.started and not request.force:
            abort(context, FailedPrecondition(f"deployment {request.name} is started; stop it first"))
        with self.changed:
            del self.deployments[request.project, request.name]
            self.changed.notify_all()
        return pb.DeleteDeploymentResponse()

    def WatchDeployment(self, request, context):
        """Each form; between two of them the script goes on by itself."""
        self.watches += 1
        context.add_callback(self._wake)
        last = None
        while context.is_active():
            found = self._get(request, context)
            if (form := found.SerializeToString()) != last:
                last = form
                yield pb.WatchDeploymentResponse(deployment=found)
                if self.break_watches:
                    self.break_watches -= 1
                    abort(context, Unavailable("stopping"))
            with self.changed:
                states = [state for state, _ in self.script]
                if found.started and found.state in states[:-1]:
                    found.state, found.reason = self.script[states.index(found.state) + 1]
                elif found.SerializeToString() == last and (request.project, request.name) in self.deployments:
                    self.changed.wait(5)

    def _wake(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def _get(self, request, context) -> pb.Deployment:
        found = self.deployments.get((request.project, request.name))
        if found is None:
            abort(
                context,
                NotFound(
                    f"project {request.project!r} has no deployment {request.name!r}",
                    reason="DEPLOYMENT_NOT_FOUND",
                    resource_type="deployment",
                    resource_name=request.name,
                ),
            )
        return found
