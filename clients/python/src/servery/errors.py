"""The errors of Servery, the same on both ends of the wire.

    ServeryError
    ├── InvalidArgument      the request is wrong, whatever the state of the system: change it
    ├── OutOfRange           the request points past an end: ask where the end is
    ├── NotFound             what was named is not there, or is not yours to see
    ├── AlreadyExists        what was to be created is there
    ├── FailedPrecondition   the state of the system forbids it: change that first
    ├── Aborted              somebody else was faster: read again, then try again
    ├── Unauthenticated      say who you are
    ├── PermissionDenied     you may not
    ├── ResourceExhausted    a limit is reached: wait, or ask for less
    ├── Unavailable          try again; nothing was done, or doing it twice is safe
    ├── DeadlineExceeded     it took longer than the caller gave it
    ├── Cancelled            the caller gave up
    ├── Unimplemented        this server can't do that
    ├── DataLoss             stored bytes are not what they were
    └── Internal             a bug; the server's log has the details

They know no transport. `servery._grpc_errors` turns them into a `google.rpc.Status` and back.
"""

from collections.abc import Mapping

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "OutOfRange",
    "PermissionDenied",
    "ResourceExhausted",
    "ServeryError",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
]


class ServeryError(Exception):
    """What went wrong, for a person (`str(error)`) and for a program (`reason`, `metadata`)."""

    reason: str
    """SCREAMING_SNAKE_CASE, stable between releases: what a program may compare."""

    metadata: Mapping[str, str]
    """Facts that go with the reason, such as the name that was not found."""

    default_reason = "ERROR"

    def __init__(self, message: str, *, reason: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason or self.default_reason
        self.metadata = dict(metadata or {})


class InvalidArgument(ServeryError):
    """The request is wrong, whatever the state of the system. Change it before trying again."""

    default_reason = "INVALID_ARGUMENT"

    field: str
    """Path of the field that is wrong, as in the request message; empty when it is not one field."""

    def __init__(
        self, message: str, *, field: str = "", reason: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.field = field


class OutOfRange(ServeryError):
    """The request points past an end, such as an offset past the size of a file."""

    default_reason = "OUT_OF_RANGE"


class _AboutResource(ServeryError):
    resource_type: str
    """Kind of what was named: "model", "version", "file", "deployment"…"""

    resource_name: str
    """Name of it, as in the request."""

    def __init__(
        self,
        message: str,
        *,
        resource_type: str = "",
        resource_name: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.resource_type = resource_type
        self.resource_name = resource_name


class NotFound(_AboutResource):
    """What was named is not there, or is not yours to see."""

    default_reason = "NOT_FOUND"


class AlreadyExists(_AboutResource):
    """What was to be created is there already."""

    default_reason = "ALREADY_EXISTS"


class FailedPrecondition(ServeryError):
    """The state of the system forbids it. The message says what to change first."""

    default_reason = "FAILED_PRECONDITION"

    subject: str
    """What is in the wrong state, such as "deployment iris"."""

    def __init__(
        self, message: str, *, subject: str = "", reason: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.subject = subject


class Aborted(ServeryError):
    """Somebody else changed it meanwhile. Read it again, then try again."""

    default_reason = "ABORTED"


class Unauthenticated(ServeryError):
    """The request does not say who sends it, or what it says is not valid."""

    default_reason = "UNAUTHENTICATED"


class PermissionDenied(ServeryError):
    """The sender is known and may not do this."""

    default_reason = "PERMISSION_DENIED"


class _Retryable(ServeryError):
    retry_after_s: float | None
    """Seconds to wait before trying again, when the server says so."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.retry_after_s = retry_after_s


class ResourceExhausted(_Retryable):
    """A limit is reached: a quota, a queue, the disk, the size of a message."""

    default_reason = "RESOURCE_EXHAUSTED"


class Unavailable(_Retryable):
    """The server, or something that it needs, is not there just now. Try again."""

    default_reason = "UNAVAILABLE"


class DeadlineExceeded(ServeryError):
    """It took longer than the caller gave it. It may have been done all the same."""

    default_reason = "DEADLINE_EXCEEDED"


class Cancelled(ServeryError):
    """The caller gave up."""

    default_reason = "CANCELLED"


class Unimplemented(ServeryError):
    """This server can't do that."""

    default_reason = "UNIMPLEMENTED"


class DataLoss(ServeryError):
    """Bytes are not those that their digest promises."""

    default_reason = "DATA_LOSS"


class Internal(ServeryError):
    """A bug, or a failure nobody foresaw. The log of the server has the details."""

    default_reason = "INTERNAL"
