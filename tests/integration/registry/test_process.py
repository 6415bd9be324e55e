"""The registry as a process of its own: how it starts, how it stops, and what a kill -9 leaves."""

import asyncio
import random
import signal

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from servery.errors import ServeryError
from servery_registry.domain.upload import Progress
from tests.contracts.registry_material import (
    MIB,
    PROJECT,
    WHO,
    content_of,
    file_of,
    new_model,
    new_request_id,
    new_version,
    pending_version,
    pieces_of,
    upload,
)
from tests.contracts.remote_registry import remote_registry
from tests.eventually import eventually
from tests.registry_process import registry_process


async def test_it_says_where_it_is_and_stops_when_told(tmp_path):
    async with registry_process(tmp_path) as process:
        await process.wait_until_it_listens()
        async with grpc.aio.insecure_channel(process.address) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            for name in ("", "servery.registry.v1.ModelService", "servery.registry.v1.FileService"):
                answer = await check(health_pb2.HealthCheckRequest(service=name))
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert await process.end(signal.SIGTERM) == 0
        assert f"sqlite+aiosqlite:///{tmp_path}/registry.db" in process.log
        assert (tmp_path / "blobs").as_uri() in process.log
        assert "Traceback" not in process.log


@pytest.mark.parametrize(
    ("name", "value"),
    [("SERVERY_REGISTRY_DATABASE_URL", "mysql://db"), ("SERVERY_REGISTRY_BLOB_URL", "/a/folder")],
)
async def test_a_wrong_url_is_named_and_nothing_starts(tmp_path, name, value):
    async with registry_process(tmp_path, **{name: value}) as process:
        _, error = await process.process.communicate()
        assert process.process.returncode == 2
        assert error.decode().startswith(f"error: {name}=")


async def test_a_kill_in_the_middle_of_an_upload_loses_nothing_that_was_counted(tmp_path):
    sent = random.Random(1).randbytes(19 * MIB)
    requests = new_request_id(), new_request_id()
    async with registry_process(tmp_path) as process:
        await process.wait_until_it_listens()
        async with remote_registry(process.address) as registry:
            model = await registry.models.create(new_model("kept"), creator=WHO, request_id=requests[0])
            kept = await registry.versions.create(new_version(model="kept"), creator=WHO, request_id=requests[1])
            await upload(registry, kept, b"content")
            kept = await registry.versions.finalize(PROJECT, "kept", 1)
            version = await pending_version(registry)
            begun = await registry.files.begin(PROJECT, "iris", version.number, file_of(sent))

            async def without_end():
                async for piece in pieces_of(sent[: 18 * MIB]):
                    yield piece
                await asyncio.Event().wait()

            writing = asyncio.create_task(registry.files.write(begun.upload_id, without_end()))
            before = await eventually(
                lambda: registry.files.get_upload(begun.upload_id), lambda seen: seen.received_bytes >= 8 * MIB
            )
            await process.end(signal.SIGKILL)
            with pytest.raises(ServeryError):
                await writing
    async with registry_process(tmp_path) as process:
        await process.wait_until_it_listens()
        async with remote_registry(process.address) as registry:
            again = await registry.models.create(new_model("kept"), creator=WHO, request_id=requests[0])
            assert (again.name, again.create_time, again.latest_version) == (model.name, model.create_time, 1)
            same = await registry.versions.create(new_version(model="kept"), creator=WHO, request_id=requests[1])
            assert same == kept
            assert await content_of(registry, kept) == b"content"
            left = await registry.files.get_upload(begun.upload_id)
            assert before.received_bytes <= left.received_bytes <= 18 * MIB
            whole = await registry.files.write(begun.upload_id, pieces_of(sent, left.received_bytes))
            assert whole == Progress(begun.upload_id, file_of(sent), len(sent), committed=False)
            await registry.files.commit(begun.upload_id)
            version = await registry.versions.finalize(PROJECT, "iris", version.number)
            assert await content_of(registry, version) == sent
        assert await process.end(signal.SIGTERM) == 0
