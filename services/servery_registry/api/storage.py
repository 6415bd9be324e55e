"""StorageService: check, convert, call, convert."""

from typing import Any

import servery.registry.v1 as pb
from servery_registry.api import checks, convert
from servery_registry.app.storage import StorageUseCases


class StorageServicer(pb.StorageServiceServicer):
    def __init__(self, storage: StorageUseCases) -> None:
        self._storage = storage

    async def CollectGarbage(self, request: pb.CollectGarbageRequest, context: Any) -> pb.CollectGarbageResponse:
        checks.collect_garbage(request)
        grace = convert.span_from_proto(request.grace) if request.HasField("grace") else None
        account = await self._storage.collect(dry_run=request.dry_run, grace=grace)
        return convert.account_to_proto(account)
