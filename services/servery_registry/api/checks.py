"""What a request must be, whatever the state of the registry. Pure; each raises InvalidArgument with the field."""

import math
import re

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api.search import ALL_MODELS
from servery_registry.domain.file import is_sha256, path_problem
from servery_registry.domain.model import MAX_DESCRIPTION, is_name
from servery_registry.domain.version import MAX_METRIC_NAME, MAX_METRICS

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_FRAMEWORKS = frozenset(pb.Framework.values()) - {pb.FRAMEWORK_UNSPECIFIED}


def create_model(request: pb.CreateModelRequest) -> None:
    project(request.project)
    name(request.name, "name")
    if request.name == ALL_MODELS:
        raise InvalidArgument(f'name must not be "{ALL_MODELS}", which stands for all models', field="name")
    _description(request.description)
    _request_id(request.request_id)


def get_model(request: pb.GetModelRequest) -> None:
    project(request.project)
    name(request.name, "name")


def list_models(request: pb.ListModelsRequest) -> None:
    project(request.project)
    if request.name_prefix:
        name(request.name_prefix, "name_prefix")


def create_version(request: pb.CreateVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    _number(request.version)
    if request.framework not in _FRAMEWORKS:
        raise InvalidArgument(
            f"framework {request.framework} is not one; choose from {', '.join(pb.Framework.keys()[1:])}",
            field="framework",
        )
    if len(request.metrics) > MAX_METRICS:
        raise InvalidArgument(
            f"a version has at most {MAX_METRICS} metrics, not {len(request.metrics)}; keep the telling ones",
            field="metrics",
        )
    for metric, value in request.metrics.items():
        field = f'metrics["{metric[:64]}"]'
        if not 1 <= len(metric) <= MAX_METRIC_NAME:
            raise InvalidArgument(f"a metric's name must have 1 to {MAX_METRIC_NAME} characters", field=field)
        _no_nul(metric, field)
        if not math.isfinite(value):
            raise InvalidArgument(f"{field} is {value}; leave out a metric that has no finite value", field=field)
    _description(request.description)
    _request_id(request.request_id)


def get_version(request: pb.GetVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    _number(request.version)


def list_versions(request: pb.ListVersionsRequest) -> None:
    project(request.project)
    name(request.model, "model")


def finalize_version(request: pb.FinalizeVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    _number(request.version, required=True)


def begin_upload(request: pb.BeginUploadRequest) -> None:
    project(request.project)
    name(request.model, "model")
    _number(request.version, required=True)
    path(request.file.path, "file.path")
    if request.file.size_bytes < 0:
        raise InvalidArgument("size_bytes must not be negative; give the size of the file", field="file.size_bytes")
    if not is_sha256(request.file.sha256):
        raise InvalidArgument(
            "sha256 must be the SHA-256 of the content, 64 lower-case hexadecimal digits", field="file.sha256"
        )


def upload_id(given: str) -> None:
    if not _UUID.fullmatch(given):
        raise InvalidArgument("upload_id must be one that BeginUpload gave out", field="upload_id")


def write_upload(request: pb.WriteUploadRequest, upload: str) -> None:
    """A piece that is not the first of its stream; `upload` is the upload_id of that one."""
    if request.upload_id not in ("", upload):
        raise InvalidArgument("a stream writes one upload; open another stream for another upload", field="upload_id")


def list_files(request: pb.ListFilesRequest) -> None:
    project(request.project)
    name(request.model, "model")
    _number(request.version)


def download_file(request: pb.DownloadFileRequest) -> None:
    project(request.project)
    name(request.model, "model")
    _number(request.version)
    path(request.path, "path")
    if request.offset < 0:
        raise InvalidArgument("offset must not be negative; 0 is the beginning of the file", field="offset")


def project(given: str) -> None:
    """Empty means "default", and so is fine."""
    if given:
        name(given, "project")


def name(given: str, field: str) -> None:
    if not is_name(given):
        raise InvalidArgument(
            f"{field} must have 1 to 255 letters, digits, - and _; {given[:64]!r} has not", field=field
        )


def path(given: str, field: str) -> None:
    if problem := path_problem(given):
        raise InvalidArgument(f"{field} {problem}", field=field)


def _number(given: int, *, required: bool = False) -> None:
    if given < 0 or (required and not given):
        raise InvalidArgument(f"version must be a number from {int(required)} upwards, is {given}", field="version")


def _description(given: str) -> None:
    if len(given) > MAX_DESCRIPTION:
        raise InvalidArgument(
            f"description must have at most {MAX_DESCRIPTION} characters, has {len(given)}", field="description"
        )
    _no_nul(given, "description")


def _no_nul(given: str, field: str) -> None:
    if "\0" in given:
        raise InvalidArgument(f"{field} must not hold the character NUL, which databases refuse", field=field)


def _request_id(given: str) -> None:
    if given and not _UUID.fullmatch(given.lower()):
        raise InvalidArgument(
            "request_id must be a UUID such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8, or empty", field="request_id"
        )
