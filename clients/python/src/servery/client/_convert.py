"""From the wire to what a client is answered, and the names of enums both ways."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

import servery.registry.v1 as registry
import servery.serving.v1 as serving
from servery.client import _metadata as metadata
from servery.client import _value as value
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
from servery.errors import InvalidArgument


def framework_to_proto(name: str) -> registry.Framework.ValueType:
    """FRAMEWORK_SKLEARN for "sklearn". Raise InvalidArgument that lists the names there are."""
    return registry.Framework.ValueType(_number(registry.Framework.DESCRIPTOR, "FRAMEWORK_", name, "framework"))


def engine_to_proto(name: str) -> serving.Engine.ValueType:
    """ENGINE_LOCAL for "local". Raise InvalidArgument that lists the names there are."""
    return serving.Engine.ValueType(_number(serving.Engine.DESCRIPTOR, "ENGINE_", name, "engine"))


def direction_to_proto(name: str) -> registry.GetBestVersionRequest.Direction.ValueType:
    """DIRECTION_MAX for "max". Raise InvalidArgument that lists the names there are."""
    enum = registry.GetBestVersionRequest.Direction
    return enum.ValueType(_number(enum.DESCRIPTOR, "DIRECTION_", name, "direction"))


def frameworks() -> list[str]:
    """The names that `framework_to_proto` takes."""
    return _names(registry.Framework.DESCRIPTOR, "FRAMEWORK_")


def engines() -> list[str]:
    """The names that `engine_to_proto` takes."""
    return _names(serving.Engine.DESCRIPTOR, "ENGINE_")


def model_from_proto(message: registry.Model) -> Model:
    return Model(
        project=message.project,
        name=message.name,
        description=message.description,
        latest_version=message.latest_version,
        creator=message.creator,
        create_time=_time(message.create_time),
        update_time=_time(message.update_time),
        etag=message.etag,
        aliases=dict(sorted(message.aliases.items())),
        tags=_tags(message.tags),
    )


def version_from_proto(message: registry.Version) -> Version:
    return Version(
        project=message.project,
        model=message.model,
        version=message.version,
        id=message.id,
        state=_name(registry.Version.State.DESCRIPTOR, "STATE_", message.state),
        framework=_name(registry.Framework.DESCRIPTOR, "FRAMEWORK_", message.framework).lower(),
        metrics=dict(sorted(message.metrics.items())),
        description=message.description,
        file_count=message.file_count,
        size_bytes=message.size_bytes,
        creator=message.creator,
        create_time=_time(message.create_time),
        update_time=_time(message.update_time),
        etag=message.etag,
        input_example=value.from_text(message.input_example),
        schema=metadata.model_schema_from_proto(message.schema) if message.HasField("schema") else None,
        provenance=metadata.provenance_from_proto(message.provenance) if message.HasField("provenance") else None,
        tags=_tags(message.tags),
        aliases=tuple(message.aliases),
        missing_mandatory_tags=tuple(message.missing_mandatory_tags),
        manifest_sha256=message.manifest_sha256,
        scan=_scan_from_proto(message.scan) if message.HasField("scan") else None,
    )


def tag_schema_from_proto(message: registry.TagSchema) -> TagSchema:
    return TagSchema(
        project=message.project,
        name=message.name,
        json_schema=value.from_text(message.json_schema),
        mandatory=message.mandatory,
        update_time=_time(message.update_time),
    )


def collected_from_proto(message: registry.CollectGarbageResponse) -> Collected:
    return Collected(
        count=message.count,
        size_bytes=message.size_bytes,
        garbage=tuple(
            Garbage(sha256=each.sha256, upload_id=each.upload_id, size_bytes=each.size_bytes)
            for each in message.garbage
        ),
    )


def file_from_proto(message: registry.File) -> File:
    return File(path=message.path, size_bytes=message.size_bytes, sha256=message.sha256)


def file_to_proto(file: File) -> registry.File:
    return registry.File(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)


def deployment_from_proto(message: serving.Deployment) -> Deployment:
    return Deployment(
        project=message.project,
        name=message.name,
        id=message.id,
        description=message.description,
        model=message.model,
        model_version=message.model_version,
        engine=_name(serving.Engine.DESCRIPTOR, "ENGINE_", message.engine).lower(),
        revision=message.revision,
        started=message.started,
        state=_name(serving.Deployment.State.DESCRIPTOR, "STATE_", message.state),
        reason=message.reason,
        conditions=tuple(_condition_from_proto(condition) for condition in message.conditions),
        reconciling=message.reconciling,
        creator=message.creator,
        create_time=_time(message.create_time),
        update_time=_time(message.update_time),
    )


def _scan_from_proto(message: registry.Scan) -> Scan:
    def verdict(number: int) -> str:
        return _name(registry.Scan.Verdict.DESCRIPTOR, "VERDICT_", number)

    return Scan(
        verdict=verdict(message.verdict),
        scanner=message.scanner,
        findings=tuple(
            Finding(path=each.path, format=each.format, verdict=verdict(each.verdict), text=each.text)
            for each in message.findings
        ),
        scan_time=_time(message.scan_time),
    )


def _tags(tags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.from_proto(tags[name]) for name in sorted(tags)}


def _condition_from_proto(message: serving.Deployment.Condition) -> Condition:
    return Condition(
        type=_name(serving.Deployment.Condition.Type.DESCRIPTOR, "TYPE_", message.type),
        status=_name(serving.Deployment.Condition.Status.DESCRIPTOR, "STATUS_", message.status),
        reason=message.reason,
        last_transition_time=_time(message.last_transition_time),
    )


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def _name(enum: EnumDescriptor, prefix: str, number: int) -> str:
    # A newer service may know values that this client does not: their number is better than a crash.
    value = enum.values_by_number.get(number)
    return value.name.removeprefix(prefix) if value else str(number)


def _names(enum: EnumDescriptor, prefix: str) -> list[str]:
    return [value.name.removeprefix(prefix).lower() for value in enum.values if value.number]


def _number(enum: EnumDescriptor, prefix: str, name: str, field: str) -> int:
    wanted = str(name).lower()
    known = _names(enum, prefix)
    if wanted not in known:
        raise InvalidArgument(f"{field} {name!r} is not known; take one of: {', '.join(known)}", field=field)
    return enum.values_by_name[prefix + wanted.upper()].number
