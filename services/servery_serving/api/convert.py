"""Between the wire and the domain."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

import servery.registry.v1 as registry_pb
import servery.serving.v1 as pb
from servery_serving.domain.deployment import Condition, Deployment, Draft, Engine, Key
from servery_serving.domain.node import Assignment, AssignmentStatus, Node, Progress

DEFAULT_PROJECT = "default"

# It is stored, and sent with every form of the deployment.
_LONGEST_REASON = 2000


def project_from_proto(project: str) -> str:
    return project or DEFAULT_PROJECT


def draft_from_proto(request: pb.CreateDeploymentRequest) -> Draft:
    return Draft(
        project=project_from_proto(request.project),
        name=request.name,
        description=request.description,
        model=request.model,
        model_version=request.model_version,
        engine=engine_from_proto(request.engine),
    )


def request_id_from_proto(request_id: str) -> str:
    """A UUID in its canonical form: capitals or not, it is the same request."""
    return str(uuid.UUID(request_id)) if request_id else ""


def engine_from_proto(engine: "pb.Engine.ValueType") -> Engine:
    if engine == pb.ENGINE_UNSPECIFIED:
        return Engine.LOCAL
    return Engine(pb.Engine.Name(engine).removeprefix("ENGINE_"))


def engine_to_proto(engine: Engine) -> "pb.Engine.ValueType":
    return pb.Engine.Value(f"ENGINE_{engine}")


def deployment_to_proto(deployment: Deployment) -> pb.Deployment:
    return pb.Deployment(
        project=deployment.project,
        name=deployment.name,
        id=deployment.id,
        description=deployment.description,
        model=deployment.revision.model,
        model_version=deployment.revision.model_version,
        engine=engine_to_proto(deployment.revision.engine),
        revision=deployment.revision.number,
        started=deployment.started,
        state=pb.Deployment.State.Value(f"STATE_{deployment.observed.state}"),
        reason=deployment.observed.reason,
        conditions=[condition_to_proto(condition) for condition in deployment.observed.conditions],
        reconciling=deployment.reconciling,
        creator=deployment.creator,
        create_time=time_to_proto(deployment.create_time),
        update_time=time_to_proto(deployment.update_time),
        etag=deployment.etag,
    )


def condition_to_proto(condition: Condition) -> pb.Deployment.Condition:
    return pb.Deployment.Condition(
        type=pb.Deployment.Condition.Type.Value(f"TYPE_{condition.aspect}"),
        status=pb.Deployment.Condition.Status.Value(f"STATUS_{condition.status}"),
        reason=condition.reason,
        last_transition_time=time_to_proto(condition.last_transition_time),
    )


def assignments_to_proto(assignments: Sequence[Assignment], report_interval_s: float) -> pb.WatchAssignmentsResponse:
    interval = Duration()
    interval.FromNanoseconds(round(report_interval_s * 1e9))
    return pb.WatchAssignmentsResponse(
        assignments=[assignment_to_proto(each) for each in assignments], report_interval=interval
    )


def assignment_to_proto(assignment: Assignment) -> pb.Assignment:
    return pb.Assignment(
        project=assignment.key.project,
        deployment=assignment.key.deployment,
        revision=assignment.key.revision,
        model=assignment.model,
        model_version=assignment.model_version,
        version_id=assignment.version_id,
        framework=registry_pb.Framework.Value(f"FRAMEWORK_{assignment.framework}"),
        engine=engine_to_proto(assignment.engine),
    )


def node_from_proto(node: pb.Node) -> Node:
    return Node(id=node.id, address=node.address)


def status_from_proto(status: pb.AssignmentStatus) -> AssignmentStatus:
    return AssignmentStatus(
        key=Key(project_from_proto(status.project), status.deployment, status.revision),
        progress=Progress(pb.AssignmentStatus.State.Name(status.state).removeprefix("STATE_")),
        reason=status.reason[:_LONGEST_REASON].replace("\x00", ""),
    )


def time_to_proto(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
