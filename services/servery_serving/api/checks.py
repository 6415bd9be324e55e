"""What a request must be like, whatever the state of the system. Raise InvalidArgument, which names the field."""

import re
import uuid

import servery.serving.v1 as pb
from servery.errors import InvalidArgument
from servery_serving.domain.deployment import NAME

_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,255}")
_MODEL = _PROJECT  # the registry's rule for both
_NODE_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,255}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})")
_LONGEST_DESCRIPTION = 1000


def create(request: pb.CreateDeploymentRequest) -> None:
    _project(request.project)
    if request.name:
        _name(request.name)
    _description(request.description)
    if not request.model:
        raise InvalidArgument("model is required: the name of a model in the registry", field="model")
    if not _MODEL.fullmatch(request.model):
        raise InvalidArgument("model must be 1 to 255 letters, digits, _ or -", field="model")
    if request.model_version < 0:
        raise InvalidArgument("model_version must be 1 or more, or 0 for the latest", field="model_version")
    if request.engine not in pb.Engine.values():
        raise InvalidArgument(f"engine {request.engine} is not one that this service knows", field="engine")
    if request.request_id:
        _uuid(request.request_id)


def named(
    request: pb.GetDeploymentRequest
    | pb.StartDeploymentRequest
    | pb.StopDeploymentRequest
    | pb.DeleteDeploymentRequest
    | pb.WatchDeploymentRequest,
) -> None:
    """Every request about one deployment."""
    _project(request.project)
    if not request.name:
        raise InvalidArgument("name is required: the name of a deployment", field="name")
    _name(request.name)


def list_deployments(request: pb.ListDeploymentsRequest) -> None:
    _project(request.project)


def watch_assignments(request: pb.WatchAssignmentsRequest) -> None:
    _node_id(request.node.id, "node.id")
    address = _ADDRESS.fullmatch(request.node.address)
    if not address or not 0 < int(address[2]) < 65536:
        raise InvalidArgument(
            f"node.address must be host:port, as seen from the serving service; {request.node.address!r} is not",
            field="node.address",
        )


def report_status(request: pb.ReportStatusRequest) -> None:
    _node_id(request.node_id, "node_id")
    for number, status in enumerate(request.statuses):
        if not status.state or status.state not in pb.AssignmentStatus.State.values():
            field = f"statuses[{number}].state"
            raise InvalidArgument(f"{field} must be FETCHING, LOADING, READY or FAILED", field=field)


def _project(project: str) -> None:
    if project and not _PROJECT.fullmatch(project):
        raise InvalidArgument(
            'project must be 1 to 255 letters, digits, _ or -, or empty for "default"', field="project"
        )


def _name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidArgument(f"name must be 1 to 255 letters and digits, nothing else; {name!r} is not", field="name")


def _description(text: str) -> None:
    if len(text) > _LONGEST_DESCRIPTION:
        raise InvalidArgument(
            f"description has {len(text)} characters; at most {_LONGEST_DESCRIPTION} are kept", field="description"
        )
    if "\x00" in text:
        raise InvalidArgument("description must not contain the character NUL", field="description")


def _uuid(text: str) -> None:
    try:
        uuid.UUID(text)
    except ValueError as error:
        raise InvalidArgument(f"request_id must be a UUID; {text!r} is not", field="request_id") from error


def _node_id(node_id: str, field: str) -> None:
    if not _NODE_ID.fullmatch(node_id):
        raise InvalidArgument(f"{field} must be 1 to 255 characters, without spaces", field=field)
