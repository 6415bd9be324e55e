"""The registry, wired. Nothing is wired elsewhere."""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import servery.registry.v1 as pb
from servery.registry.v1 import file_service_pb2, model_service_pb2, version_service_pb2
from servery_kit.interceptors import standard
from servery_kit.process import until_signalled
from servery_kit.server import Running, Service, running
from servery_kit.sql import database
from servery_registry.adapters.blobs.store import StoredBlobs, open_store
from servery_registry.adapters.scan.picklescan import Picklescan
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.api.files import FileServicer
from servery_registry.api.models import ModelServicer
from servery_registry.api.versions import VersionServicer
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
from servery_registry.app.scanning import Scanning
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
    async with database(config.database, MIGRATIONS) as engine:
        log.info("database: %s", engine.url.render_as_string(hide_password=True))
        log.info("blob store: %s", config.blobs.rpartition("@")[2])
        begin_work = sql_work(engine)
        models = ModelServicer(ModelUseCases(begin_work, _now, _new_id))
        blobs = StoredBlobs(open_store(config.blobs))
        scanning = Scanning(blobs, Picklescan(max_bytes=config.scan_bytes, seconds=config.scan_s), _now)
        versions = VersionServicer(VersionUseCases(begin_work, scanning, _now, _new_id))
        files = FileServicer(FileUseCases(begin_work, blobs, _now, _new_id))
        async with running(config.bind, services(models, versions, files), standard(), drain_s=config.drain_s) as state:
            yield state


def services(models: ModelServicer, versions: VersionServicer, files: FileServicer) -> list[Service]:
    """The gRPC services of the registry."""
    models_of, versions_of, files_of = (
        module.DESCRIPTOR.services_by_name[name]
        for module, name in (
            (model_service_pb2, "ModelService"),
            (version_service_pb2, "VersionService"),
            (file_service_pb2, "FileService"),
        )
    )
    return [
        Service(models_of, lambda server: pb.add_ModelServiceServicer_to_server(models, server)),
        Service(versions_of, lambda server: pb.add_VersionServiceServicer_to_server(versions, server)),
        Service(files_of, lambda server: pb.add_FileServiceServicer_to_server(files, server)),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid.uuid4())
