"""What stands around every call. A guard does one thing; the list of them is given to `running`, outermost first."""

from servery_kit.interceptors.auth import Auth
from servery_kit.interceptors.deadline import Deadline
from servery_kit.interceptors.errors import Errors
from servery_kit.interceptors.guard import Call, Guard
from servery_kit.interceptors.request_id import RequestId
from servery_kit.interceptors.telemetry import Telemetry

__all__ = ["Auth", "Call", "Deadline", "Errors", "Guard", "RequestId", "Telemetry", "standard"]


def standard(auth: Auth | None = None) -> list[Guard]:
    """The guards of every service, outermost first: telemetry sees the final status, errors see a refusal by auth."""
    return [RequestId(), Deadline(), Telemetry(), Errors(), auth or Auth()]
