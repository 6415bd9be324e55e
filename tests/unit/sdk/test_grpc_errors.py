import grpc
import pytest
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from servery import errors
from servery._grpc_errors import DOMAIN, from_status, to_code, to_status

CASES = [
    (errors.InvalidArgument("m", field="inputs[0].shape"), "INVALID_ARGUMENT"),
    (errors.OutOfRange("m"), "OUT_OF_RANGE"),
    (errors.NotFound("m", resource_type="model", resource_name="iris"), "NOT_FOUND"),
    (errors.AlreadyExists("m", resource_type="version", resource_name="iris/3"), "ALREADY_EXISTS"),
    (errors.FailedPrecondition("m", subject="deployment iris"), "FAILED_PRECONDITION"),
    (errors.Aborted("m"), "ABORTED"),
    (errors.Unauthenticated("m"), "UNAUTHENTICATED"),
    (errors.PermissionDenied("m"), "PERMISSION_DENIED"),
    (errors.ResourceExhausted("m", retry_after_s=0.25), "RESOURCE_EXHAUSTED"),
    (errors.Unavailable("m", retry_after_s=2.0), "UNAVAILABLE"),
    (errors.DeadlineExceeded("m"), "DEADLINE_EXCEEDED"),
    (errors.Cancelled("m"), "CANCELLED"),
    (errors.Unimplemented("m"), "UNIMPLEMENTED"),
    (errors.DataLoss("m"), "DATA_LOSS"),
    (errors.Internal("m"), "INTERNAL"),
]


@pytest.mark.parametrize(("error", "code"), CASES, ids=[code for _, code in CASES])
def test_an_error_survives_the_way_to_a_status_and_back(error: errors.ServeryError, code: str) -> None:
    error.metadata = {"name": "iris"}
    status = to_status(error)
    assert code_pb2.Code.Name(status.code) == code
    assert status.details[0].type_url == "type.googleapis.com/google.rpc.ErrorInfo"
    back = from_status(status)
    assert type(back) is type(error)
    assert (str(back), vars(back)) == (str(error), vars(error))


def test_the_table_holds_every_error_of_the_vocabulary() -> None:
    named = {getattr(errors, name) for name in errors.__all__} - {errors.ServeryError}
    assert named == {type(error) for error, _ in CASES}


def test_the_domain_of_the_error_info_is_ours() -> None:
    assert DOMAIN.encode() in to_status(errors.Aborted("m")).details[0].value


def test_an_error_of_a_service_s_own_is_sent_as_the_nearest_of_the_vocabulary() -> None:
    class QuotaReached(errors.ResourceExhausted):
        default_reason = "QUOTA_REACHED"

    assert to_code(QuotaReached("m")) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert from_status(to_status(QuotaReached("m"))).reason == "QUOTA_REACHED"


@pytest.mark.parametrize("code", [code_pb2.UNKNOWN, 99], ids=["UNKNOWN", "no code at all"])
def test_a_code_outside_of_the_vocabulary_is_internal(code: int) -> None:
    error = from_status(Status(code=code, message="odd"))
    assert type(error) is errors.Internal
    assert str(error) == "odd"
