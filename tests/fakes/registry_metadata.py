"""The part of the fake registry that is about names, tags and what is known of models: no byte of a file."""

import re
import uuid

import grpc

import servery.registry.v1 as pb
from servery.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound
from tests.fakes.grpc_server import abort

COMPARISON = re.compile(r"(framework|metrics\.\w+) (=|>) (\S+)")


class FakeMetadata(pb.AliasServiceServicer, pb.TagServiceServicer, pb.StorageServiceServicer):
    """Updates, deletion, best version, aliases, tags and garbage of what the registry holds.

    `pinned` are versions that deployments use, with their names; `garbage` is what there is to collect. A filter may
    hold comparisons of framework and of metrics alone, and an order be that of a metric.
    """

    models: dict[tuple[str, str], pb.Model]
    versions: dict[tuple[str, str, int], pb.Version]

    def __init__(self) -> None:
        self.tag_schemas: dict[tuple[str, str], pb.TagSchema] = {}
        self.pinned: dict[tuple[str, str, int], list[str]] = {}
        self.garbage: list[pb.CollectGarbageResponse.Garbage] = []
        self.graces: list[float | None] = []

    def add_metadata(self, server: grpc.Server) -> None:
        pb.add_AliasServiceServicer_to_server(self, server)
        pb.add_TagServiceServicer_to_server(self, server)
        pb.add_StorageServiceServicer_to_server(self, server)

    # Models and versions

    def UpdateModel(self, request, context):
        model = self._model(request.model, context, name=request.model.name)
        self._change(model, request.model, request.update_mask.paths or ["description"], context)
        return pb.UpdateModelResponse(model=model)

    def DeleteModel(self, request, context):
        self._model(request, context, name=request.name)
        if any(key[:2] == (request.project, request.name) for key in self.versions):
            abort(context, FailedPrecondition(f"model {request.name} has versions; delete them first"))
        del self.models[request.project, request.name]
        return pb.DeleteModelResponse()

    def UpdateVersion(self, request, context):
        version = self._any(request.version, context)
        self._change(version, request.version, request.update_mask.paths, context)
        return pb.UpdateVersionResponse(version=version)

    def GetBestVersion(self, request, context):
        sign = {1: 1, 2: -1}[request.direction]
        ready = [v for key, v in self.versions.items() if key[:2] == of(request) and v.state == pb.Version.STATE_READY]
        having = [version for version in ready if request.metric in version.metrics]
        if not having:
            abort(context, missing("metric", request.metric))
        best = max(having, key=lambda version: (sign * version.metrics[request.metric], version.version))
        return pb.GetBestVersionResponse(version=best)

    def DeleteVersion(self, request, context):
        version = self._any(request, context)
        key = (request.project, request.model, request.version)
        if request.etag not in {"", version.etag}:
            abort(context, Aborted("it was changed meanwhile"))
        if key in self.pinned:
            users = ", ".join(self.pinned[key])
            abort(context, FailedPrecondition(f"version {request.version} is used by {users}", reason="VERSION_PINNED"))
        del self.versions[key]
        model = self.models[of(request)]
        for alias in version.aliases:
            del model.aliases[alias]
        left = [key[2] for key, each in self.versions.items() if key[:2] == of(request) and each.state == 2]
        model.latest_version = max(left, default=0)
        return pb.DeleteVersionResponse()

    def _change(self, stored, given, paths, context):
        if given.etag not in {"", stored.etag}:
            abort(context, Aborted("it was changed meanwhile; read it again"))
        for path in paths:
            stored.ClearField(path)
            fresh = type(stored)()
            fresh.CopyFrom(given)
            for name in {field.name for field in fresh.DESCRIPTOR.fields} - {path}:
                fresh.ClearField(name)
            stored.MergeFrom(fresh)
        stored.etag = str(uuid.uuid4())

    # Aliases

    def SetAlias(self, request, context):
        model = self._model(request, context, name=request.model)
        version = self._any(request, context)
        before = model.aliases.get(request.alias, 0)
        if request.HasField("previous_version") and request.previous_version != before:
            abort(context, Aborted(f"{request.alias} names version {before} of {request.model}"))
        if version.state != pb.Version.STATE_READY:
            abort(context, FailedPrecondition("the version is not READY"))
        if before:
            self.versions[request.project, request.model, before].aliases.remove(request.alias)
        model.aliases[request.alias] = request.version
        version.aliases[:] = sorted([*version.aliases, request.alias])
        return pb.SetAliasResponse()

    def DeleteAlias(self, request, context):
        model = self._model(request, context, name=request.model)
        if request.alias not in model.aliases:
            abort(context, missing("alias", request.alias))
        number = model.aliases.pop(request.alias)
        self.versions[request.project, request.model, number].aliases.remove(request.alias)
        return pb.DeleteAliasResponse()

    # Tags

    def SetTag(self, request, context):
        schema = self.tag_schemas.get((request.project, request.name))
        if schema is not None and '"string"' in schema.json_schema and not request.value.HasField("string_value"):
            abort(context, InvalidArgument(f"the value of {request.name} is no string", field="value"))
        self._tagged(request, context).tags[request.name].CopyFrom(request.value)
        return pb.SetTagResponse()

    def DeleteTag(self, request, context):
        tagged = self._tagged(request, context)
        if request.name not in tagged.tags:
            abort(context, missing("tag", request.name))
        del tagged.tags[request.name]
        return pb.DeleteTagResponse()

    def SetTagSchema(self, request, context):
        schema = request.tag_schema
        self.tag_schemas[schema.project, schema.name] = schema
        return pb.SetTagSchemaResponse(tag_schema=schema)

    def DeleteTagSchema(self, request, context):
        if self.tag_schemas.pop((request.project, request.name), None) is None:
            abort(context, missing("tag schema", request.name))
        return pb.DeleteTagSchemaResponse()

    def ListTagSchemas(self, request, context):
        found = [schema for key, schema in sorted(self.tag_schemas.items()) if key[0] == request.project]
        page, token = self._page(found, request)
        return pb.ListTagSchemasResponse(tag_schemas=page, next_page_token=token)

    # Storage

    def CollectGarbage(self, request, context):
        self.graces.append(request.grace.ToTimedelta().total_seconds() if request.HasField("grace") else None)
        found = list(self.garbage)
        if not request.dry_run:
            self.garbage.clear()
        return pb.CollectGarbageResponse(
            count=len(found), size_bytes=sum(each.size_bytes for each in found), garbage=found
        )

    def _model(self, request, context, *, name: str) -> pb.Model:
        if (request.project, name) not in self.models:
            abort(context, missing("model", name))
        return self.models[request.project, name]

    def _any(self, request, context) -> pb.Version:
        key = (request.project, request.model, request.version)
        if key not in self.versions:
            abort(context, missing("version", f"{request.model} version {request.version}"))
        return self.versions[key]

    def _tagged(self, request, context):
        return self._any(request, context) if request.version else self._model(request, context, name=request.model)

    def _page(self, found, request):
        raise NotImplementedError


def chosen(versions, request, context):
    """Those that the filter takes, in the order that is asked for."""
    for comparison in filter(None, request.filter.split(" AND ")):
        match = COMPARISON.fullmatch(comparison)
        if match is None:
            abort(context, InvalidArgument(f"can't read {comparison!r}", field="filter"))
        versions = [version for version in versions if _holds(version, *match.groups())]
    if request.order_by:
        name, _, direction = request.order_by.partition(" ")
        metric = name.removeprefix("metrics.")
        versions = [version for version in versions if metric in version.metrics]
        versions.sort(key=lambda version: version.metrics[metric], reverse=direction == "desc")
    return versions


def _holds(version: pb.Version, field: str, sign: str, value: str) -> bool:
    if field == "framework":
        return pb.Framework.Name(version.framework) == f"FRAMEWORK_{value}"
    found = version.metrics.get(field.removeprefix("metrics."))
    return found is not None and (found > float(value) if sign == ">" else found == float(value))


def of(request) -> tuple[str, str]:
    """Project and model that a request names."""
    return (request.project, request.model)


def missing(kind: str, name: str) -> NotFound:
    """The error for what is not there."""
    reason = f"{kind.upper().replace(' ', '_')}_NOT_FOUND"
    return NotFound(f"there is no {kind} {name!r}", reason=reason, resource_type=kind, resource_name=name)
