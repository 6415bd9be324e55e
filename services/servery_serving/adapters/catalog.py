"""The registry over gRPC, as serving's catalog."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import DeadlineExceeded, FailedPrecondition, Unavailable
from servery.registry.v1 import version_service_pb2
from servery_kit.channel import open_channel
from servery_serving.domain.catalog import ModelVersion

_SERVICE = version_service_pb2.DESCRIPTOR.services_by_name["VersionService"]
_TIMEOUT_S = 5.0


class RegistryCatalog:
    """Asks the registry's VersionService."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._versions = pb.VersionServiceStub(channel)
        self._address = address

    async def resolve(self, project: str, model: str, number: int) -> ModelVersion:
        request = pb.GetVersionRequest(project=project, model=model, version=number)
        try:
            response = await self._versions.GetVersion(request, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            problem = from_rpc(error)
            if isinstance(problem, Unavailable | DeadlineExceeded):
                raise Unavailable(
                    f"the registry at {self._address} does not answer; start it, "
                    "or set SERVERY_SERVING_REGISTRY_ADDRESS to where it is",
                    reason="REGISTRY_UNAVAILABLE",
                    metadata={"address": self._address},
                    retry_after_s=1.0,
                ) from error
            raise problem from error
        _must_be_trusted(response.version)
        return ModelVersion(
            id=response.version.id,
            number=response.version.version,
            framework=_framework(model, response.version),
        )


@asynccontextmanager
async def registry_catalog(address: str) -> AsyncIterator[RegistryCatalog]:
    """A catalog on the registry at an address; it need not be there yet."""
    async with open_channel(address, _SERVICE) as channel:
        yield RegistryCatalog(channel, address)


def _must_be_trusted(version: pb.Version) -> None:
    """Refuse a version that the registry has QUARANTINED."""
    if version.state != pb.Version.STATE_QUARANTINED:
        return
    worst = next(iter(version.scan.findings), pb.Scan.Finding(path="a file", text="it is not what its name says"))
    raise FailedPrecondition(
        f"version {version.version} of model {version.model!r} is quarantined: {worst.path}: {worst.text}; "
        "push a version whose files are what their names say",
        subject=f"version {version.model}/{version.version}",
        reason="VERSION_QUARANTINED",
        metadata={"path": worst.path, "format": worst.format},
    )


def _framework(model: str, version: pb.Version) -> str:
    if version.framework not in pb.Framework.values():
        raise FailedPrecondition(
            f"version {version.version} of model {model!r} is of a framework (number {version.framework}) "
            "that this serving service does not know; upgrade it",
            subject=f"model {model}",
            reason="FRAMEWORK_UNKNOWN",
        )
    return pb.Framework.Name(version.framework).removeprefix("FRAMEWORK_")
