"""The registry over gRPC, as serving's catalog."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import grpc

import servery.registry.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import DeadlineExceeded, FailedPrecondition, Unavailable
from servery.registry.v1 import pin_service_pb2, version_service_pb2
from servery_kit.channel import open_channel
from servery_serving.domain.catalog import ModelVersion
from servery_serving.domain.pin import Pin

T = TypeVar("T")

_SERVICES = (
    version_service_pb2.DESCRIPTOR.services_by_name["VersionService"],
    pin_service_pb2.DESCRIPTOR.services_by_name["PinService"],
)
_TIMEOUT_S = 5.0


class RegistryCatalog:
    """Asks the registry's VersionService and PinService."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._versions = pb.VersionServiceStub(channel)
        self._pins = pb.PinServiceStub(channel)
        self._address = address

    async def resolve(self, project: str, model: str, number: int) -> ModelVersion:
        request = pb.GetVersionRequest(project=project, model=model, version=number)
        response = await self._answer(self._versions.GetVersion(request, timeout=_TIMEOUT_S))
        _must_be_trusted(response.version)
        return ModelVersion(
            id=response.version.id,
            number=response.version.version,
            framework=_framework(model, response.version),
        )

    async def pin(self, pin: Pin) -> None:
        request = pb.PinVersionRequest(project=pin.project, model=pin.model, version=pin.model_version, user=pin.user)
        await self._answer(self._pins.PinVersion(request, timeout=_TIMEOUT_S))

    async def unpin(self, pin: Pin) -> None:
        request = pb.UnpinVersionRequest(project=pin.project, model=pin.model, version=pin.model_version, user=pin.user)
        await self._answer(self._pins.UnpinVersion(request, timeout=_TIMEOUT_S))

    async def _answer(self, call: Awaitable[T]) -> T:
        try:
            return await call
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


@asynccontextmanager
async def registry_catalog(address: str) -> AsyncIterator[RegistryCatalog]:
    """A catalog on the registry at an address; it need not be there yet."""
    async with open_channel(address, *_SERVICES) as channel:
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
