"""The registry, wired. Nothing is wired elsewhere."""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import servery.registry.v1 as pb
from servery.registry.v1 import (
    alias_service_pb2,
    file_service_pb2,
    model_service_pb2,
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
from servery_registry.adapters.sql.unit_of_work import MIGRATIONS, sql_work
from servery_registry.api.aliases import AliasServicer
from servery_registry.api.files import FileServicer
from servery_registry.api.models import ModelServicer
from servery_registry.api.tags import TagServicer
from servery_registry.api.versions import VersionServicer
from servery_registry.app.aliases import AliasUseCases
from servery_registry.app.files import FileUseCases
from servery_registry.app.models import ModelUseCases
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
        versions = VersionServicer(VersionUseCases(begin_work, _now, _new_id))
        blobs = StoredBlobs(store)
        files = FileServicer(FileUseCases(begin_work, blobs, _now, _new_id))
        aliases = AliasServicer(AliasUseCases(begin_work, _now, _new_id))
        tags = TagServicer(TagUseCases(begin_work, LibraryJsonSchemas(), _now, _new_id))
        parts = services(models, versions, files, aliases, tags)
        async with running(config.bind, parts, standard(), drain_s=config.drain_s) as state:
            yield state


def services(
    models: ModelServicer, versions: VersionServicer, files: FileServicer, aliases: AliasServicer, tags: TagServicer
) -> list[Service]:
    """The gRPC services of the registry."""
    models_of, versions_of, files_of, aliases_of, tags_of = (
        module.DESCRIPTOR.services_by_name[name]
        for module, name in (
            (model_service_pb2, "ModelService"),
            (version_service_pb2, "VersionService"),
            (file_service_pb2, "FileService"),
            (alias_service_pb2, "AliasService"),
            (tag_service_pb2, "TagService"),
        )
    )
    return [
        Service(models_of, lambda server: pb.add_ModelServiceServicer_to_server(models, server)),
        Service(versions_of, lambda server: pb.add_VersionServiceServicer_to_server(versions, server)),
        Service(files_of, lambda server: pb.add_FileServiceServicer_to_server(files, server)),
        Service(aliases_of, lambda server: pb.add_AliasServiceServicer_to_server(aliases, server)),
        Service(tags_of, lambda server: pb.add_TagServiceServicer_to_server(tags, server)),
    ]


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid.uuid4())
