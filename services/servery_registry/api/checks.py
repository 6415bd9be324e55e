"""What a request must be, whatever the state of the registry. Pure; each raises InvalidArgument with the field."""

import re

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api.masks import masked
from servery_registry.api.search import ALL_MODELS
from servery_registry.domain.alias import LATEST, is_alias
from servery_registry.domain.file import is_sha256, path_problem
from servery_registry.domain.model import MAX_DESCRIPTION, is_name
from servery_registry.domain.pin import MAX_USER

MODEL_UPDATABLE = ("description",)

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_MAX_GRACE_S = 100 * 365 * 24 * 3600
_FRAMEWORKS = frozenset(pb.Framework.values()) - {pb.FRAMEWORK_UNSPECIFIED}


def create_model(request: pb.CreateModelRequest) -> None:
    project(request.project)
    name(request.name, "name")
    if request.name == ALL_MODELS:
        raise InvalidArgument(f'name must not be "{ALL_MODELS}", which stands for all models', field="name")
    description(request.description)
    _request_id(request.request_id)


def get_model(request: pb.GetModelRequest) -> None:
    project(request.project)
    name(request.name, "name")


def list_models(request: pb.ListModelsRequest) -> None:
    project(request.project)
    if request.name_prefix:
        name(request.name_prefix, "name_prefix")


def update_model(request: pb.UpdateModelRequest) -> None:
    model = request.model
    project(model.project, "model.project")
    name(model.name, "model.name")
    if "description" in masked(request.update_mask, model, MODEL_UPDATABLE):
        description(model.description, "model.description")


def create_version(request: pb.CreateVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version")
    framework(request.framework, "framework")
    description(request.description)
    _request_id(request.request_id)


def get_version(request: pb.GetVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version")


def list_versions(request: pb.ListVersionsRequest) -> None:
    project(request.project)
    name(request.model, "model")


def finalize_version(request: pb.FinalizeVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version", required=True)


def delete_model(request: pb.DeleteModelRequest) -> None:
    project(request.project)
    name(request.name, "name")


def delete_version(request: pb.DeleteVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version", required=True)


def pin(request: pb.PinVersionRequest | pb.UnpinVersionRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version", required=True)
    if not 1 <= len(request.user) <= MAX_USER:
        raise InvalidArgument(
            f"user must have 1 to {MAX_USER} characters, has {len(request.user)}; say who uses the version",
            field="user",
        )
    no_nul(request.user, "user")


def collect_garbage(request: pb.CollectGarbageRequest) -> None:
    if not 0 <= request.grace.seconds <= _MAX_GRACE_S or not 0 <= request.grace.nanos < 1_000_000_000:
        raise InvalidArgument("grace must be between no time at all and a hundred years", field="grace")


def begin_upload(request: pb.BeginUploadRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version", required=True)
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
    number(request.version, "version")


def download_file(request: pb.DownloadFileRequest) -> None:
    project(request.project)
    name(request.model, "model")
    number(request.version, "version")
    path(request.path, "path")
    if request.offset < 0:
        raise InvalidArgument("offset must not be negative; 0 is the beginning of the file", field="offset")


def project(given: str, field: str = "project") -> None:
    """Empty means "default", and so is fine."""
    if given:
        name(given, field)


def name(given: str, field: str) -> None:
    if not is_name(given):
        raise InvalidArgument(
            f"{field} must have 1 to 255 letters, digits, - and _; {given[:64]!r} has not", field=field
        )


def path(given: str, field: str) -> None:
    if problem := path_problem(given):
        raise InvalidArgument(f"{field} {problem}", field=field)


def framework(given: pb.Framework.ValueType, field: str) -> None:
    if given not in _FRAMEWORKS:
        raise InvalidArgument(
            f"{field} {given} is not one; choose from {', '.join(pb.Framework.keys()[1:])}", field=field
        )


def number(given: int, field: str, *, required: bool = False) -> None:
    if given < 0 or (required and not given):
        raise InvalidArgument(f"{field} must be a number from {int(required)} upwards, is {given}", field=field)


def alias(given: str, field: str = "alias") -> None:
    if given == LATEST:
        raise InvalidArgument(
            f"{LATEST} always names the highest number that is READY; choose another name", field=field
        )
    if not is_alias(given):
        raise InvalidArgument(
            f"{field} must begin with a small letter, followed by at most 62 small letters, digits, - and _;"
            f" {given[:64]!r} does not",
            field=field,
        )


def description(given: str, field: str = "description") -> None:
    text(given, field, MAX_DESCRIPTION)


def text(given: str, field: str, length: int) -> None:
    if len(given) > length:
        raise InvalidArgument(f"{field} must have at most {length} characters, has {len(given)}", field=field)
    no_nul(given, field)


def no_nul(given: str, field: str) -> None:
    if "\0" in given:
        raise InvalidArgument(f"{field} must not hold the character NUL, which databases refuse", field=field)


def _request_id(given: str) -> None:
    if given and not _UUID.fullmatch(given.lower()):
        raise InvalidArgument(
            "request_id must be a UUID such as 6ba7b810-9dad-41d1-80b4-00c04fd430c8, or empty", field="request_id"
        )
