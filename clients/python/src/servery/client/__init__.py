"""The client: what `servery.connect()` gives, and the objects it answers with."""

from servery.client._client import Client, connect
from servery.client._health import ServiceStatus
from servery.client._resources import (
    Collected,
    Condition,
    Deployment,
    File,
    Finding,
    Garbage,
    Model,
    Scan,
    TagSchema,
    Version,
)
from servery.client._schema import Column, ModelSchema, Provenance, Schema, TensorSchema
from servery.client._transfer import Progress

__all__ = [
    "Client",
    "Collected",
    "Column",
    "Condition",
    "Deployment",
    "File",
    "Finding",
    "Garbage",
    "Model",
    "ModelSchema",
    "Progress",
    "Provenance",
    "Scan",
    "Schema",
    "ServiceStatus",
    "TagSchema",
    "TensorSchema",
    "Version",
    "connect",
]
