"""What Triton's own words become. The texts are those of Triton 2.51."""

import grpc
import pytest

from servery.errors import (
    FailedPrecondition,
    Internal,
    InvalidArgument,
    ResourceExhausted,
    Unavailable,
    Unimplemented,
)
from servery_inference.backends._triton.answers import Answers, Fault

NAME = "servery.default.iris.3"
ANSWERS = Answers(NAME, "iris", "127.0.0.1:9")
Code = grpc.StatusCode


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (f"for model '{NAME}'. Expected 16, got 15", "for model 'iris'. Expected 16, got 15"),
        (f"Stub process '{NAME}_0_0' is not healthy.", "Stub process 'iris' is not healthy."),
        (f"for model '{NAME}_0_12', message: ValueError", "for model 'iris', message: ValueError"),
        (f"load failed for model '{NAME}': {NAME} is bad", "load failed for model 'iris': iris is bad"),
        (f"{NAME}1 and {NAME}x are others", f"{NAME}1 and {NAME}x are others"),
        ("serveryXdefaultXirisX3", "serveryXdefaultXirisX3"),
    ],
)
def test_a_text_names_the_deployment_instead_of_the_model_in_triton(theirs, ours):
    assert ANSWERS.text(theirs) == ours


@pytest.mark.parametrize(
    ("code", "text", "fault"),
    [
        (Code.INTERNAL, f"Stub process '{NAME}_0_0' is not healthy.", Fault.LOST),
        (Code.NOT_FOUND, f"Request for unknown model: '{NAME}' is not found", Fault.LOST),
        (Code.NOT_FOUND, f"Request for unknown model: '{NAME}' has no available versions", Fault.LOST),
        (Code.UNAVAILABLE, f"Request for unknown model: '{NAME}' version 1 is not at ready state", Fault.AWAY),
        (Code.UNAVAILABLE, "failed to connect to all addresses; last error: connection refused", Fault.AWAY),
        (Code.UNAVAILABLE, "Socket closed", Fault.AWAY),
        (Code.UNAVAILABLE, "[request id: 1] Exceeds maximum queue size", None),
        (Code.UNAVAILABLE, "Request timeout expired", None),
        (Code.INTERNAL, "Failed to process the request(s) for model 'x_0_0', message: ValueError: boom", None),
        (Code.INVALID_ARGUMENT, "unexpected inference input 'Z'", None),
        (Code.DEADLINE_EXCEEDED, "Deadline Exceeded", None),
    ],
)
def test_a_failed_prediction_tells_whether_the_model_is_there(code, text, fault):
    assert ANSWERS.fault(code, text) is fault


@pytest.mark.parametrize(
    ("code", "becomes"),
    [
        (Code.INVALID_ARGUMENT, InvalidArgument),
        (Code.INTERNAL, Internal),
        (Code.UNIMPLEMENTED, Unimplemented),
        (Code.UNAVAILABLE, ResourceExhausted),  # the only ones that are no fault are full queues
        (Code.UNKNOWN, Internal),
    ],
)
def test_a_refused_prediction_keeps_its_code_and_loses_the_name(code, becomes):
    error = ANSWERS.failed_infer(code, f"model '{NAME}' says no")
    assert type(error) is becomes
    assert str(error) == "model 'iris' says no"


@pytest.mark.parametrize(
    ("code", "text", "becomes", "says"),
    [
        (Code.UNAVAILABLE, "failed to connect", Unavailable, "SERVERY_INFERENCE_TRITON_ADDRESS"),
        (Code.DEADLINE_EXCEEDED, "Deadline Exceeded", Unavailable, "127.0.0.1:9 does not answer"),
        (
            Code.UNAVAILABLE,
            "explicit model load / unload is not allowed if polling is enabled",
            FailedPrecondition,
            "--model-control-mode=explicit",
        ),
        (Code.UNIMPLEMENTED, "Method not found!", FailedPrecondition, "is it a Triton?"),
        (Code.INVALID_ARGUMENT, f"load failed for model '{NAME}': boom", FailedPrecondition, "for model 'iris': boom"),
        (Code.INTERNAL, f"failed to load '{NAME}'", FailedPrecondition, "failed to load 'iris'"),
    ],
)
def test_a_refused_load_says_what_to_change(code, text, becomes, says):
    error = ANSWERS.failed_load(code, text)
    assert type(error) is becomes
    assert says in str(error)


def test_a_recovery_that_is_refused_tells_why():
    assert "try again; the last try failed: no" in str(ANSWERS.reloading(FailedPrecondition("no")))
    assert "does not answer" in str(ANSWERS.reloading(ANSWERS.unreachable()))
    assert ANSWERS.reloading(None).retry_after_s == 1.0
