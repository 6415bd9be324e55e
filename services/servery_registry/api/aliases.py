"""AliasService: check, convert, call."""

from typing import Any

import servery.registry.v1 as pb
from servery_registry.api import convert, tag_checks
from servery_registry.app.aliases import AliasUseCases


class AliasServicer(pb.AliasServiceServicer):
    def __init__(self, aliases: AliasUseCases) -> None:
        self._aliases = aliases

    async def SetAlias(self, request: pb.SetAliasRequest, context: Any) -> pb.SetAliasResponse:
        tag_checks.set_alias(request)
        project = convert.project_from_proto(request.project)
        previous = request.previous_version if request.HasField("previous_version") else None
        await self._aliases.set(project, request.model, request.alias, request.version, previous=previous)
        return pb.SetAliasResponse()

    async def DeleteAlias(self, request: pb.DeleteAliasRequest, context: Any) -> pb.DeleteAliasResponse:
        tag_checks.delete_alias(request)
        await self._aliases.delete(convert.project_from_proto(request.project), request.model, request.alias)
        return pb.DeleteAliasResponse()
