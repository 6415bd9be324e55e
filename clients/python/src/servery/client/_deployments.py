"""Deployments: wishes that a model answers, and how they come true."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

import servery.serving.v1 as pb
from servery.client import _convert as convert
from servery.client._connection import Connection
from servery.client._pages import pages
from servery.client._resources import Deployment
from servery.client._transfer import Patience
from servery.errors import DeadlineExceeded, FailedPrecondition, NotFound, ServeryError, Unavailable

OnChange = Callable[[Deployment], None]

_WATCH_S: Final = 300.0  # a watch is a row of calls: each has its deadline, the next goes on


class Deployments:
    """Deployments of the client's project."""

    def __init__(self, serving: Connection, project: str) -> None:
        self._serving = serving
        self._project = project

    def create(
        self,
        model: str,
        *,
        version: int | None = None,
        name: str | None = None,
        engine: str = "local",
        description: str = "",
    ) -> Deployment:
        """Create a deployment; it is not started.

        `version` None means the latest, `name` None the model's name without "_" and "-". Raise NotFound when there is
        no such model or version, AlreadyExists when the name is taken.
        """
        request = pb.CreateDeploymentRequest(
            project=self._project,
            name=name or "",
            description=description,
            model=model,
            model_version=version or 0,
            engine=convert.engine_to_proto(engine),
            request_id=str(uuid.uuid4()),
        )
        response = self._serving.call(self._stub().CreateDeployment, request)
        return convert.deployment_from_proto(response.deployment)

    def get(self, name: str) -> Deployment:
        """Get one deployment as it is now. Raise NotFound when there is none of that name."""
        request = pb.GetDeploymentRequest(project=self._project, name=name)
        return convert.deployment_from_proto(self._serving.call(self._stub().GetDeployment, request).deployment)

    def list(self) -> Iterator[Deployment]:
        """All deployments, ordered by name; pages are fetched as they are wanted."""

        def ask(size: int, token: str) -> pb.ListDeploymentsResponse:
            request = pb.ListDeploymentsRequest(project=self._project, page_size=size, page_token=token)
            answer: pb.ListDeploymentsResponse = self._serving.call(self._stub().ListDeployments, request)
            return answer

        return (convert.deployment_from_proto(one) for page in pages(ask) for one in page.deployments)

    def start(self, name: str) -> Deployment:
        """Wish that it runs; returns at once. See `wait`."""
        request = pb.StartDeploymentRequest(project=self._project, name=name)
        return convert.deployment_from_proto(self._serving.call(self._stub().StartDeployment, request).deployment)

    def stop(self, name: str) -> Deployment:
        """Wish that it does not run; returns at once."""
        request = pb.StopDeploymentRequest(project=self._project, name=name)
        return convert.deployment_from_proto(self._serving.call(self._stub().StopDeployment, request).deployment)

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove a deployment. Raise FailedPrecondition while it is started, unless forced."""
        request = pb.DeleteDeploymentRequest(project=self._project, name=name, force=force)
        self._serving.call(self._stub().DeleteDeployment, request)

    def watch(self, name: str, *, timeout_s: float | None = None) -> Iterator[Deployment]:
        """The deployment as it is now, then each change of it, until it is deleted or the time is over.

        None waits for ever. Outlives a restart of the serving service. Raise NotFound when there is none of that name,
        Unavailable when the service is not there, or stays away.
        """
        return self._forms(name, timeout_s, Patience(), patient_at_first=False)

    def _forms(
        self, name: str, timeout_s: float | None, patience: Patience, *, patient_at_first: bool
    ) -> Iterator[Deployment]:
        end = None if timeout_s is None else time.monotonic() + timeout_s
        request = pb.WatchDeploymentRequest(project=self._project, name=name)
        last: Deployment | None = None
        while (left := _WATCH_S if end is None else min(_WATCH_S, end - time.monotonic())) > 0:
            try:
                with closing(self._serving.stream(self._stub().WatchDeployment, request, timeout_s=left)) as answers:
                    for answer in answers:
                        patience.progressed()
                        deployment = convert.deployment_from_proto(answer.deployment)
                        if deployment != last:
                            yield deployment
                        last = deployment
            except DeadlineExceeded:
                continue  # the deadline of this call, not of the watch
            except NotFound:
                if last is None:
                    raise
                return
            except ServeryError as error:
                if last is None and not patient_at_first:
                    raise
                patience.after(error)
            else:
                patience.after(Unavailable("the serving service ended the watch"))  # as one that stops does

    def wait(self, name: str, timeout_s: float = 120.0, *, on_change: OnChange | None = None) -> Deployment:
        """Wait until predictions are answered.

        Raise FailedPrecondition when the deployment fails, with its reason, or when it is not started; NotFound when
        it is deleted meanwhile; DeadlineExceeded when the time is over, with the state it is in.
        """
        last: Deployment | None = None
        for last in self._forms(name, timeout_s, Patience(), patient_at_first=True):
            if on_change is not None:
                on_change(last)
            if last.ready:
                return last
            if last.state == "FAILED":  # a start leaves FAILED at once, so this failure is of now
                raise failed(last)
            if not last.started:
                raise FailedPrecondition(
                    f"deployment {name} is {last.state} and not started: start it first "
                    f"(`servery deployments start {name}`)",
                    subject=f"deployment {name}",
                    reason="DEPLOYMENT_NOT_STARTED",
                )
        state = f"is {last.state}: {last.reason}" if last is not None else "has not been heard of"
        raise DeadlineExceeded(
            f"deployment {name} was not ready after {timeout_s:g} s; it {state}. It goes on starting: wait longer, or "
            f"look with `servery deployments show {name}`",
            metadata={"deployment": name},
        )

    def _stub(self) -> pb.DeploymentServiceStub:
        return self._serving.stub(pb.DeploymentServiceStub)


def failed(deployment: Deployment) -> FailedPrecondition:
    """The error of a deployment that can't run."""
    return FailedPrecondition(
        f"deployment {deployment.name} FAILED: {deployment.reason or 'no reason is known; see the log of serving'}",
        subject=f"deployment {deployment.name}",
        reason="DEPLOYMENT_FAILED",
    )
