"""Between the domain and the wire. Plain functions; requests come in checked."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

import servery.registry.v1 as pb
from servery_registry.domain.file import File
from servery_registry.domain.model import DEFAULT_PROJECT, Model, NewModel
from servery_registry.domain.scan import Finding, Scan
from servery_registry.domain.upload import Progress
from servery_registry.domain.version import Framework, NewVersion, State, Version

_FRAMEWORK_PREFIX = "FRAMEWORK_"
_STATE_PREFIX = "STATE_"
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


def time_to_proto(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
