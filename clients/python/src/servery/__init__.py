"""Servery: an open model registry and model server.

    import servery

    with servery.connect() as client:
        client.push("model/", name="iris", framework="sklearn", metrics={"accuracy": 0.97})
        client.deploy("iris", wait=True)
        print(client.predict("iris", {"instances": [[5.1, 3.5, 1.4, 0.2]]}))

The client is imported when one of its names is first used, so that `servery.errors` and the messages cost no more than
themselves.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from servery.client import (
        Client,
        Collected,
        Column,
        Condition,
        Deployment,
        File,
        Finding,
        Garbage,
        Model,
        ModelSchema,
        Progress,
        Provenance,
        Scan,
        Schema,
        ServiceStatus,
        TagSchema,
        TensorSchema,
        Version,
        connect,
    )
    from servery.hsml import connection

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
    "connection",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("servery.hsml" if name == "connection" else "servery.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
