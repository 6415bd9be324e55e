"""Errors to and from `google.rpc.Status`: the one place that knows both.

The status carries an `ErrorInfo` always (AIP-193) and the one detail that fits the error: BadRequest, ResourceInfo,
PreconditionFailure, QuotaFailure or RetryInfo.
"""

from typing import Any, Final

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from servery import errors

DOMAIN: Final = "servery"
STATUS_METADATA_KEY: Final = "grpc-status-details-bin"

# gRPC drops headers over 8 KiB at random and refuses those over 16 KiB. A text travels three times: as the message,
# percent-encoded, and twice in the details, in base64.
_TEXT_BYTES: Final = 1_000
_NAME_BYTES: Final = 256

_CODES: Final[dict[type[errors.ServeryError], grpc.StatusCode]] = {
    errors.InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    errors.OutOfRange: grpc.StatusCode.OUT_OF_RANGE,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Aborted: grpc.StatusCode.ABORTED,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    errors.ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.Cancelled: grpc.StatusCode.CANCELLED,
    errors.Unimplemented: grpc.StatusCode.UNIMPLEMENTED,
    errors.DataLoss: grpc.StatusCode.DATA_LOSS,
    errors.Internal: grpc.StatusCode.INTERNAL,
}
_CLASSES: Final = {code: cls for cls, code in _CODES.items()}


def to_code(error: errors.ServeryError) -> grpc.StatusCode:
    """The status code of an error. A class of its own is taken for the nearest one of the vocabulary."""
    for cls in type(error).__mro__:
        if cls in _CODES:
            return _CODES[cls]
    return grpc.StatusCode.INTERNAL


def to_status(error: errors.ServeryError) -> Status:
    """The status of an error, with its details."""
    code: int = to_code(error).value[0]
    text = _short(str(error), _TEXT_BYTES)
    status = Status(code=code, message=text)
    metadata = {key: _short(value, _NAME_BYTES) for key, value in error.metadata.items()}
    status.details.add().Pack(details.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata))
    match error:
        case errors.InvalidArgument(field=field) if field:
            violation = details.BadRequest.FieldViolation(
                field=_short(field, _NAME_BYTES), description=text, reason=error.reason
            )
            status.details.add().Pack(details.BadRequest(field_violations=[violation]))
        case errors.NotFound(resource_type=kind, resource_name=name) if kind:
            status.details.add().Pack(_resource(kind, name))
        case errors.AlreadyExists(resource_type=kind, resource_name=name) if kind:
            status.details.add().Pack(_resource(kind, name))
        case errors.FailedPrecondition(subject=subject) if subject:
            failure = details.PreconditionFailure.Violation(
                type=error.reason, subject=_short(subject, _NAME_BYTES), description=text
            )
            status.details.add().Pack(details.PreconditionFailure(violations=[failure]))
        case errors.ResourceExhausted(retry_after_s=seconds) | errors.Unavailable(retry_after_s=seconds):
            if seconds is not None:
                delay = Duration()
                delay.FromNanoseconds(int(seconds * 1e9))
                status.details.add().Pack(details.RetryInfo(retry_delay=delay))
    return status


def _resource(kind: str, name: str) -> details.ResourceInfo:
    return details.ResourceInfo(resource_type=kind, resource_name=_short(name, _NAME_BYTES))


def _short(text: str, limit: int) -> str:
    content = text.encode(errors="replace")
    return text if len(content) <= limit else content[:limit].decode(errors="ignore") + "…"


def from_status(status: Status) -> errors.ServeryError:
    """The error of a status. A code that is not in the vocabulary, such as UNKNOWN, is Internal."""
    info = details.ErrorInfo()
    bad = details.BadRequest()
    resource = details.ResourceInfo()
    failure = details.PreconditionFailure()
    retry: float | None = None
    for packed in status.details:
        if packed.Is(details.RetryInfo.DESCRIPTOR):
            delay = details.RetryInfo()
            packed.Unpack(delay)
            retry = delay.retry_delay.ToNanoseconds() / 1e9
        for message in (info, bad, resource, failure):
            packed.Unpack(message)
    code = next((code for code in grpc.StatusCode if code.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    cls = _CLASSES.get(code, errors.Internal)
    known = {"reason": info.reason, "metadata": dict(info.metadata)}
    if issubclass(cls, errors.InvalidArgument):
        field = bad.field_violations[0].field if bad.field_violations else ""
        return cls(status.message, field=field, **known)
    if issubclass(cls, errors.NotFound | errors.AlreadyExists):
        return cls(status.message, resource_type=resource.resource_type, resource_name=resource.resource_name, **known)
    if issubclass(cls, errors.FailedPrecondition):
        subject = failure.violations[0].subject if failure.violations else ""
        return cls(status.message, subject=subject, **known)
    if issubclass(cls, errors.ResourceExhausted | errors.Unavailable):
        return cls(status.message, retry_after_s=retry, **known)
    return cls(status.message, **known)


def from_rpc(error: grpc.RpcError) -> errors.ServeryError:
    """The error of a failed call, sync or aio: its rich status, or code and text where the server sent none."""
    trailing: Any = error.trailing_metadata() or ()  # pairs, whatever the stubs say
    packed = dict(trailing).get(STATUS_METADATA_KEY)
    if isinstance(packed, bytes):
        return from_status(Status.FromString(packed))
    code = error.code()
    return from_status(Status(code=code.value[0], message=error.details() or code.name))
