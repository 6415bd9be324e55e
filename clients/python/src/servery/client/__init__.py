"""The client: what `servery.connect()` gives, and the objects it answers with."""

from servery.client._client import Client, connect
from servery.client._health import ServiceStatus
from servery.client._resources import Condition, Deployment, File, Model, Version
from servery.client._transfer import Progress

__all__ = [
    "Client",
    "Condition",
    "Deployment",
    "File",
    "Model",
    "Progress",
    "ServiceStatus",
    "Version",
    "connect",
]
