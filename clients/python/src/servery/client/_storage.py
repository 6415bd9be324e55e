"""Care of the registry's bytes."""

from datetime import timedelta
from typing import Final

import servery.registry.v1 as pb
from servery.client import _convert as convert
from servery.client._connection import Connection
from servery.client._resources import Collected

_TIMEOUT_S: Final = 600.0  # it looks at every content that there is


class Storage:
    """The bytes that versions are made of, of all projects."""

    def __init__(self, registry: Connection) -> None:
        self._registry = registry

    def collect_garbage(
        self, *, dry_run: bool = False, grace_s: float | None = None, timeout_s: float = _TIMEOUT_S
    ) -> Collected:
        """Free what no version names. Safe beside running uploads.

        With `dry_run` nothing is freed, and the answer is what would be. What is younger than `grace_s` stays; None
        means the setting of the service (24 h).
        """
        request = pb.CollectGarbageRequest(dry_run=dry_run)
        if grace_s is not None:
            request.grace.FromTimedelta(timedelta(seconds=grace_s))
        method = self._registry.stub(pb.StorageServiceStub).CollectGarbage
        return convert.collected_from_proto(self._registry.call(method, request, timeout_s=timeout_s))
