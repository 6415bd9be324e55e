"""The Triton backend without a Triton that answers."""

import asyncio
import socket

import pytest

from servery.errors import FailedPrecondition, Unavailable
from servery_inference.backends._triton import repository
from servery_inference.backends.triton import Triton
from servery_inference.domain.model import Source


@pytest.fixture
def source(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04K\x01.")
    return Source(
        project="default",
        deployment="iris",
        revision=1,
        model="iris",
        model_version=1,
        version_id="v-1",
        framework="SKLEARN",
        engine="TRITON",
        folder=tmp_path,
    )


async def refused(backend: Triton, error: type[Exception]) -> str:
    try:
        with pytest.raises(error) as said:
            await backend.load()
    finally:
        await backend.close()
    return str(said.value)


async def test_without_an_address_the_setting_is_named(source):
    said = await refused(Triton(source, address=""), FailedPrecondition)
    assert "set SERVERY_INFERENCE_TRITON_ADDRESS to host:port" in said


async def test_an_address_where_nobody_listens_is_named_with_its_setting(source):
    with socket.socket() as taken:  # bound, so that nobody else can listen there, and does not listen either
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = await refused(Triton(source, address=address), Unavailable)
    assert f"the Triton at {address} does not answer" in said
    assert "SERVERY_INFERENCE_TRITON_ADDRESS" in said


async def test_a_triton_that_is_silent_is_noticed_in_seconds(source, monkeypatch):
    monkeypatch.setattr(repository, "CONTROL_TIMEOUT_S", 0.2)
    writers = []

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        assert "does not answer" in await asyncio.wait_for(
            refused(Triton(source, address=f"{host}:{port}"), Unavailable), 10
        )
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()
