"""VersionService: check, convert, call, convert."""

from typing import Any

import servery.registry.v1 as pb
from servery_kit.auth import principal
from servery_registry.api import checks, convert, version_checks, windows
from servery_registry.api.masks import masked
from servery_registry.api.search import search_from_proto
from servery_registry.app.versions import VersionUseCases


class VersionServicer(pb.VersionServiceServicer):
    def __init__(self, versions: VersionUseCases) -> None:
        self._versions = versions

    async def CreateVersion(self, request: pb.CreateVersionRequest, context: Any) -> pb.CreateVersionResponse:
        version_checks.create_version(request)
        version = await self._versions.create(
            convert.new_version_from_proto(request), creator=principal.get().name, request_id=request.request_id.lower()
        )
        return pb.CreateVersionResponse(version=convert.version_to_proto(version))

    async def GetVersion(self, request: pb.GetVersionRequest, context: Any) -> pb.GetVersionResponse:
        version_checks.get_version(request)
        project = convert.project_from_proto(request.project)
        version = await self._versions.get(
            project, request.model, request.version, show_pending=request.show_pending, alias=request.alias
        )
        return pb.GetVersionResponse(version=convert.version_to_proto(version))

    async def ListVersions(self, request: pb.ListVersionsRequest, context: Any) -> pb.ListVersionsResponse:
        checks.list_versions(request)
        search = search_from_proto(request)
        found = await self._versions.list(
            search.project,
            search.model,
            windows.versions_window(request, search),
            show_pending=search.show_pending,
            where=search.where,
            order=search.order,
        )
        messages, shown = windows.fitting(found, convert.version_to_proto)
        token = windows.versions_token(search, shown)
        return pb.ListVersionsResponse(versions=messages, next_page_token=token)

    async def UpdateVersion(self, request: pb.UpdateVersionRequest, context: Any) -> pb.UpdateVersionResponse:
        version_checks.update_version(request)
        given = request.version
        fields = masked(request.update_mask, given, version_checks.UPDATABLE)
        change = convert.version_change_from_proto(request, fields)
        project = convert.project_from_proto(given.project)
        version = await self._versions.update(project, given.model, given.version, change, etag=given.etag)
        return pb.UpdateVersionResponse(version=convert.version_to_proto(version))

    async def GetBestVersion(self, request: pb.GetBestVersionRequest, context: Any) -> pb.GetBestVersionResponse:
        version_checks.get_best_version(request)
        project = convert.project_from_proto(request.project)
        highest = request.direction == pb.GetBestVersionRequest.DIRECTION_MAX
        version = await self._versions.best(project, request.model, request.metric, highest=highest)
        return pb.GetBestVersionResponse(version=convert.version_to_proto(version))

    async def FinalizeVersion(self, request: pb.FinalizeVersionRequest, context: Any) -> pb.FinalizeVersionResponse:
        checks.finalize_version(request)
        project = convert.project_from_proto(request.project)
        version = await self._versions.finalize(project, request.model, request.version)
        return pb.FinalizeVersionResponse(version=convert.version_to_proto(version))

    async def DeleteVersion(self, request: pb.DeleteVersionRequest, context: Any) -> pb.DeleteVersionResponse:
        checks.delete_version(request)
        project = convert.project_from_proto(request.project)
        await self._versions.delete(project, request.model, request.version, etag=request.etag)
        return pb.DeleteVersionResponse()
