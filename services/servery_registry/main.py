"""The registry, wired. Nothing is wired elsewhere."""

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import servery.registry.v1 as pb
from servery.registry.v1 import (
    alias_service_pb2,
    file_service_pb2,
    model_service_pb2,
    pin_service_pb2,
    storage_service_pb2,
    tag_service_pb2,
    version_service_pb2,
)
from servery_kit.interceptors import standard
from servery_kit.process import until_signalled
from servery_kit.server import Running, Service, running
from servery_kit.sql import database
from servery_kit.urls import shown
from servery_registry.adapters.blobs.opening import look_into, open_store
from servery_registry.adapters.blobs.store import StoredBlobs
from servery_registry.adapters.json_schema import LibraryJsonSchemas
from servery_registry.adapters.scan.picklescan import Picklescan
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.api.aliases import AliasServicer
from servery_registry.api.files import FileServicer
from servery_registry.api.models import ModelServicer
from servery_registry.api.pins import PinServicer
from servery_registry.api.storage import StorageServicer
from servery_registry.api.tags import TagServicer
from servery_registry.api.versions import VersionServicer
from servery_registry.app.aliases import AliasUseCases
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.pins import PinUseCases
from servery_registry.app.scanning import Scanning
from servery_registry.app.storage import StorageUseCases
from servery_registry.app.tags import TagUseCases
from servery_registry.app.versions import VersionUseCases
from servery_registry.config import Config

log = logging.getLogger(__name__)


async def main(config: Config) -> None:
    """Serve until the process is signalled."""
    async with serving(config):
        await until_signalled()


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Running]:
    """Serve until the block is left."""
    store = open_store(config.blobs, config.blob_options)
    await look_into(store, config.blobs)
    async with database(config.database, MIGRATIONS) as engine:
        log.info("database: %s", shown(config.database))
        log.info("blob store: %s", shown(config.blobs))
        begin_work = sql_work(engine)
        models = ModelServicer(ModelUseCases(begin_work, _now, _new_id))
        blobs = StoredBlobs(store)
        scanning = Scanning(blobs, Picklescan(max_bytes=config.scan_bytes, seconds=config.scan_s), _now)
        versions = VersionServicer(VersionUseCases(begin_work, scanning, _now, _new_id))
        files = FileServicer(FileUseCases(begin_work, blobs, _now, _new_id))
        aliases = AliasServicer(AliasUseCases(begin_work, _now, _new_id))
        tags = TagServicer(TagUseCases(begin_work, LibraryJsonSchemas(), _now, _new_id))
        pins = PinServicer(PinUseCases(begin_work, _now))
        garbage = StorageUseCases(begin_work, blobs, _now, _new_id, grace=timedelta(seconds=config.gc_grace_s))
        offered = services(
            models=models,
            versions=versions,
            files=files,
            aliases=aliases,
            tags=tags,
            pins=pins,
            storage=StorageServicer(garbage),
        )
        async with (
            garbage.collecting(config.gc_interval_s),
            running(config.bind, offered, standard(), drain_s=config.drain_s) as state,
        ):
            yield state


def services(
    *,
    models: ModelServicer,
    versions: VersionServicer,
    files: FileServicer,
    aliases: AliasServicer,
    tags: TagServicer,
    pins: PinServicer,
    storage: StorageServicer,
) -> list[Service]:
    """The gRPC services of the registry."""
    return [
        _service(model_service_pb2, "ModelService", pb.add_ModelServiceServicer_to_server, models),
        _service(version_service_pb2, "VersionService", pb.add_VersionServiceServicer_to_server, versions),
        _service(file_service_pb2, "FileService", pb.add_FileServiceServicer_to_server, files),
        _service(alias_service_pb2, "AliasService", pb.add_AliasServiceServicer_to_server, aliases),
        _service(tag_service_pb2, "TagService", pb.add_TagServiceServicer_to_server, tags),
        _service(pin_service_pb2, "PinService", pb.add_PinServiceServicer_to_server, pins),
        _service(storage_service_pb2, "StorageService", pb.add_StorageServiceServicer_to_server, storage),
    ]


def _service(module: Any, name: str, add: Callable[[Any, Any], None], servicer: object) -> Service:
    return Service(module.DESCRIPTOR.services_by_name[name], lambda server: add(servicer, server))


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid.uuid4())
