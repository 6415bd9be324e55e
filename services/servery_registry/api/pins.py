"""PinService: check, convert, call, convert."""

from typing import Any

import servery.registry.v1 as pb
from servery_registry.api import checks, convert
from servery_registry.app.pins import PinUseCases


class PinServicer(pb.PinServiceServicer):
    def __init__(self, pins: PinUseCases) -> None:
        self._pins = pins

    async def PinVersion(self, request: pb.PinVersionRequest, context: Any) -> pb.PinVersionResponse:
        checks.pin(request)
        project = convert.project_from_proto(request.project)
        await self._pins.pin(project, request.model, request.version, request.user)
        return pb.PinVersionResponse()

    async def UnpinVersion(self, request: pb.UnpinVersionRequest, context: Any) -> pb.UnpinVersionResponse:
        checks.pin(request)
        project = convert.project_from_proto(request.project)
        await self._pins.unpin(project, request.model, request.version, request.user)
        return pb.UnpinVersionResponse()
