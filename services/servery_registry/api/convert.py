"""Between the domain and the wire. Plain functions; requests come in checked."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

import servery.registry.v1 as pb
from servery_registry.api.metadata_convert import (
    model_schema_from_proto,
    model_schema_to_proto,
    provenance_from_proto,
    provenance_to_proto,
)
from servery_registry.domain.file import File
from servery_registry.domain.garbage import Account
from servery_registry.domain.model import DEFAULT_PROJECT, Model, NewModel
from servery_registry.domain.scan import Finding, Scan
from servery_registry.domain.tag import TagSchema
from servery_registry.domain.upload import Progress
from servery_registry.domain.version import Framework, NewVersion, State, Version, VersionChange

_FRAMEWORK_PREFIX = "FRAMEWORK_"
_STATE_PREFIX = "STATE_"
_EXACT = 2**53
_VERDICT_PREFIX = "VERDICT_"


def project_from_proto(given: str) -> str:
    return given or DEFAULT_PROJECT


def new_model_from_proto(request: pb.CreateModelRequest) -> NewModel:
    return NewModel(project=project_from_proto(request.project), name=request.name, description=request.description)


def new_version_from_proto(request: pb.CreateVersionRequest) -> NewVersion:
    return NewVersion(
        project=project_from_proto(request.project),
        model=request.model,
        number=request.version,
        framework=framework_from_proto(request.framework),
        metrics=dict(request.metrics),
        description=request.description,
        input_example=request.input_example,
        schema=model_schema_from_proto(request.schema),
        provenance=provenance_from_proto(request.provenance),
    )


def version_change_from_proto(request: pb.UpdateVersionRequest, fields: frozenset[str]) -> VersionChange:
    """`fields`: those that change. Without a mask a framework counts too, and must be what it is."""
    version = request.version
    return VersionChange(
        description=version.description if "description" in fields else None,
        metrics=dict(version.metrics) if "metrics" in fields else None,
        input_example=version.input_example if "input_example" in fields else None,
        schema=model_schema_from_proto(version.schema) if "schema" in fields else None,
        provenance=provenance_from_proto(version.provenance) if "provenance" in fields else None,
        framework=framework_from_proto(version.framework)
        if version.framework and not request.update_mask.paths
        else None,
    )


def framework_from_proto(framework: pb.Framework.ValueType) -> Framework:
    return Framework(pb.Framework.Name(framework).removeprefix(_FRAMEWORK_PREFIX))


def file_from_proto(file: pb.File) -> File:
    return File(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)


def model_to_proto(model: Model) -> pb.Model:
    return pb.Model(
        project=model.project,
        name=model.name,
        description=model.description,
        latest_version=model.latest_version,
        creator=model.creator,
        create_time=time_to_proto(model.create_time),
        update_time=time_to_proto(model.update_time),
        etag=model.etag,
        aliases=model.aliases,
        tags=_tags_to_proto(model.tags),
    )


def version_to_proto(version: Version) -> pb.Version:
    return pb.Version(
        project=version.project,
        model=version.model,
        version=version.number,
        id=version.id,
        state=state_to_proto(version.state),
        framework=framework_to_proto(version.framework),
        metrics=version.metrics,
        description=version.description,
        file_count=version.file_count,
        size_bytes=version.size_bytes,
        creator=version.creator,
        create_time=time_to_proto(version.create_time),
        update_time=time_to_proto(version.update_time),
        etag=version.etag,
        input_example=version.input_example,
        schema=model_schema_to_proto(version.schema),
        provenance=provenance_to_proto(version.provenance),
        tags=_tags_to_proto(version.tags),
        aliases=version.aliases,
        missing_mandatory_tags=version.missing_mandatory_tags,
        manifest_sha256=version.manifest_sha256,
        scan=None if version.scan is None else scan_to_proto(version.scan),
    )


def scan_to_proto(scan: Scan) -> pb.Scan:
    return pb.Scan(
        verdict=pb.Scan.Verdict.Value(_VERDICT_PREFIX + scan.verdict.value),
        scanner=scan.scanner,
        findings=[finding_to_proto(each) for each in scan.findings],
        scan_time=time_to_proto(scan.scan_time),
    )


def finding_to_proto(finding: Finding) -> pb.Scan.Finding:
    return pb.Scan.Finding(
        path=finding.path,
        format=finding.format,
        verdict=pb.Scan.Verdict.Value(_VERDICT_PREFIX + finding.verdict.value),
        text=finding.text,
    )


def framework_to_proto(framework: Framework) -> pb.Framework.ValueType:
    return pb.Framework.Value(_FRAMEWORK_PREFIX + framework.value)


def state_to_proto(state: State) -> pb.Version.State.ValueType:
    return pb.Version.State.Value(_STATE_PREFIX + state.value)


def file_to_proto(file: File) -> pb.File:
    return pb.File(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)


def upload_to_proto(progress: Progress) -> pb.Upload:
    return pb.Upload(
        upload_id=progress.upload_id,
        file=file_to_proto(progress.file),
        received_bytes=progress.received_bytes,
        committed=progress.committed,
    )


def account_to_proto(account: Account) -> pb.CollectGarbageResponse:
    named = [
        pb.CollectGarbageResponse.Garbage(sha256=each.sha256, upload_id=each.upload_id, size_bytes=each.size_bytes)
        for each in account.largest
    ]
    return pb.CollectGarbageResponse(count=account.count, size_bytes=account.size_bytes, garbage=named)


def span_from_proto(duration: Duration) -> timedelta:
    return timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)


def time_to_proto(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def new_tag_schema_from_proto(schema: pb.TagSchema) -> TagSchema:
    """One that is to be stored: its time is that of the beginning of time."""
    return TagSchema(
        project=project_from_proto(schema.project),
        name=schema.name,
        json_schema=schema.json_schema,
        mandatory=schema.mandatory,
        update_time=datetime.fromtimestamp(0, UTC),
    )


def tag_schema_to_proto(schema: TagSchema) -> pb.TagSchema:
    return pb.TagSchema(
        project=schema.project,
        name=schema.name,
        json_schema=schema.json_schema,
        mandatory=schema.mandatory,
        update_time=time_to_proto(schema.update_time),
    )


def value_from_proto(value: Value) -> Any:
    """A JSON value. Whole numbers come as int, as long as a double tells them apart."""
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) < _EXACT else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [value_from_proto(each) for each in value.list_value.values]
        case "struct_value":
            return {key: value_from_proto(each) for key, each in value.struct_value.fields.items()}
    return None


def value_to_proto(value: Any) -> Value:
    match value:
        case None:
            return Value(null_value=NullValue.NULL_VALUE)
        case bool():
            return Value(bool_value=value)
        case int() | float():
            return Value(number_value=value)
        case str():
            return Value(string_value=value)
        case list():
            return Value(list_value=ListValue(values=[value_to_proto(each) for each in value]))
    return Value(struct_value=Struct(fields={key: value_to_proto(each) for key, each in value.items()}))


def _tags_to_proto(tags: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value_to_proto(value) for name, value in tags.items()}
