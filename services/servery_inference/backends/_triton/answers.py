"""What Triton's refusals mean for a deployment."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

import grpc
from google.rpc.status_pb2 import Status

from servery._grpc_errors import from_status
from servery.errors import FailedPrecondition, ResourceExhausted, ServeryError, Unavailable

SETTING: Final = "SERVERY_INFERENCE_TRITON_ADDRESS"

RETRY_AFTER_S: Final = 1.0

# A stub is the process that runs a model of the Python backend. Triton never starts a dead one again by itself, and
# goes on saying that the model is ready.
_STUB_DIED: Final = re.compile(r"stub process .*(not healthy|exited|died)", re.IGNORECASE)
_QUEUE_FULL: Final = re.compile(r"Exceeds maximum queue size|Request timeout expired")
_NOT_EXPLICIT: Final = re.compile(r"explicit model load / unload is not allowed")
_GONE: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Fault(Enum):
    """Why a model stopped answering."""

    LOST = "the model has to be loaded again, whether Triton calls it ready or not"
    AWAY = "Triton does not answer, or not for this model"


@dataclass(frozen=True, slots=True)
class Answers:
    """Translates for one deployment: Triton's name for its model never reaches a caller."""

    name: str
    """The model's name in Triton."""

    deployment: str
    address: str

    def text(self, text: str) -> str:
        """A text of Triton with the deployment's name in it instead of the model's, or of an instance's (name_0_0)."""
        return re.sub(rf"{re.escape(self.name)}(_\d+_\d+)?(?![A-Za-z0-9])", self.deployment, text)

    def fault(self, code: grpc.StatusCode, text: str) -> Fault | None:
        """What a failed prediction says of the model; None when only the request failed."""
        if code is grpc.StatusCode.INTERNAL and _STUB_DIED.search(text):
            return Fault.LOST
        if code is grpc.StatusCode.NOT_FOUND:  # the name is ours and was there: Triton was restarted, or told to unload
            return Fault.LOST
        if code is grpc.StatusCode.UNAVAILABLE and not _QUEUE_FULL.search(text):
            return Fault.AWAY
        return None

    def failed_infer(self, code: grpc.StatusCode, text: str) -> ServeryError:
        """The error of a prediction that failed by itself."""
        if code is grpc.StatusCode.UNAVAILABLE:
            return ResourceExhausted(self.text(text), retry_after_s=RETRY_AFTER_S, reason="QUEUE_FULL")
        return from_status(Status(code=code.value[0], message=self.text(text)))

    def failed_load(self, code: grpc.StatusCode, text: str) -> ServeryError:
        """The error of a model that Triton does not load."""
        if _NOT_EXPLICIT.search(text):
            return self._refused(
                f"the Triton at {self.address} lets nobody load models: start it with --model-control-mode=explicit",
                "TRITON_NOT_EXPLICIT",
            )
        if code in _GONE:
            return self.unreachable()
        if code is grpc.StatusCode.UNIMPLEMENTED:
            return self._refused(
                f"the server at {self.address} can't load models: is it a Triton? {SETTING} names it", "NOT_A_TRITON"
            )
        return self._refused(f"the Triton at {self.address} can't load the model: {self.text(text)}", "LOAD_FAILED")

    def unreachable(self) -> Unavailable:
        """The error while Triton does not answer."""
        return Unavailable(
            f"the Triton at {self.address} does not answer: start it, or name another one with {SETTING}",
            retry_after_s=RETRY_AFTER_S,
            reason="TRITON_UNREACHABLE",
            metadata={"address": self.address},
        )

    def lost(self, fault: Fault) -> Unavailable:
        """The error of the prediction that finds the model lost."""
        return self.unreachable() if fault is Fault.AWAY else self.reloading(None)

    def reloading(self, setback: ServeryError | None) -> Unavailable:
        """The error while the model is loaded again; `setback` is why that did not work yet."""
        if isinstance(setback, Unavailable):
            return self.unreachable()
        last = f"; the last try failed: {setback}" if setback else ""
        return Unavailable(
            f"the model of deployment {self.deployment!r} stopped in Triton and is being loaded again: try again{last}",
            retry_after_s=RETRY_AFTER_S,
            reason="MODEL_RELOADING",
        )

    def _refused(self, text: str, reason: str) -> FailedPrecondition:
        return FailedPrecondition(text, subject=f"deployment {self.deployment}", reason=reason)
