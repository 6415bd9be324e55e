"""The registry and the nodes as serving sees them over the wire, and the database's migrations."""

import grpc
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import servery.serving.v1 as pb
from servery._grpc_errors import from_rpc
from servery.errors import FailedPrecondition, NotFound, Unavailable
from servery_kit.sql import database
from servery_serving.adapters.catalog import registry_catalog
from servery_serving.adapters.probe import inference_probe
from servery_serving.adapters.sql import MIGRATIONS
from servery_serving.adapters.sql.tables import metadata
from servery_serving.domain.catalog import ModelVersion
from servery_serving.domain.deployment import Key
from servery_serving.domain.node import Answer, Node


async def test_the_catalog_resolves_numbers_and_the_latest(registry):
    async with registry_catalog(registry) as catalog:
        assert await catalog.resolve("default", "iris", 0) == ModelVersion(id="id-2", number=2, framework="SKLEARN")


async def test_what_the_registry_does_not_have_is_not_found_by_its_name(registry):
    async with registry_catalog(registry) as catalog:
        with pytest.raises(NotFound, match="rose") as caught:
            await catalog.resolve("default", "rose", 4)
    assert (caught.value.reason, caught.value.resource_name) == ("VERSION_NOT_FOUND", "rose/4")


async def test_a_framework_from_the_future_is_refused(registry):
    async with registry_catalog(registry) as catalog:
        with pytest.raises(FailedPrecondition, match="upgrade"):
            await catalog.resolve("default", "iris", 1)


async def test_a_version_in_quarantine_is_refused_by_what_was_found(registry, serve):
    async with registry_catalog(registry) as catalog:
        with pytest.raises(FailedPrecondition, match=r"version 3 .*quarantined: a/model.onnx: the content is pickle"):
            await catalog.resolve("default", "false", 3)
    async with serve() as client:
        with pytest.raises(grpc.RpcError) as caught:
            await client.deployments.CreateDeployment(pb.CreateDeploymentRequest(model="false", model_version=3))
    error = from_rpc(caught.value)
    assert isinstance(error, FailedPrecondition)
    assert error.reason == "VERSION_QUARANTINED"
    assert error.metadata == {"path": "a/model.onnx", "format": "pickle"}


async def test_a_registry_that_is_down_is_unavailable_by_its_address(unused_tcp_port, serve):
    address = f"127.0.0.1:{unused_tcp_port}"
    async with serve(registry_address=address) as client:
        with pytest.raises(grpc.RpcError) as caught:
            await client.deployments.CreateDeployment(pb.CreateDeploymentRequest(model="iris"))
    error = from_rpc(caught.value)
    assert isinstance(error, Unavailable)
    assert error.reason == "REGISTRY_UNAVAILABLE"
    assert address in str(error)


async def test_the_probe_asks_for_project_name_and_version(door):
    door.ready.add(("default", "iris", "2"))
    node = Node("n1", door.address)
    async with inference_probe() as probe:
        assert await probe.ask(node, Key("default", "iris", 1), 2) == Answer(ready=True)
        refused = await probe.ask(node, Key("default", "iris", 1), 3)
    assert not refused.ready
    assert "not ready" in refused.reason


async def test_a_front_door_that_is_shut_is_an_answer_that_names_it(unused_tcp_port):
    async with inference_probe() as probe:
        answer = await probe.ask(Node("n1", f"127.0.0.1:{unused_tcp_port}"), Key("default", "iris", 1), 2)
    assert not answer.ready
    assert f"node n1 at 127.0.0.1:{unused_tcp_port} does not answer" in answer.reason


async def test_the_migrations_make_the_tables_that_the_code_names(tmp_path):
    def difference(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    url = f"sqlite+aiosqlite:///{tmp_path / 'serving.db'}"
    async with database(url, MIGRATIONS) as engine, engine.connect() as connection:
        assert await connection.run_sync(difference) == []
