import pytest

from servery_kit.channel import open_channel
from servery_kit.healthcheck import ask
from servery_kit.healthcheck import main as healthcheck
from servery_kit.server import running


async def test_a_server_that_serves_is_well():
    async with running("127.0.0.1:0", [], []) as server, open_channel(server.address) as channel:
        assert await ask(channel) == ""


async def test_a_server_that_says_so_is_not():
    async with running("127.0.0.1:0", [], []) as server, open_channel(server.address) as channel:
        await server.serve(serving=False, reason="the test says so")
        assert await ask(channel) == "NOT_SERVING"


async def test_a_server_that_is_not_there_is_not(free):
    async with open_channel(free(1)[0]) as channel:
        assert (await ask(channel)).startswith("UNAVAILABLE: ")


def test_as_a_program_it_says_which_address_does_not_serve(free, capsys):
    (address,) = free(1)
    assert healthcheck([address]) == 1
    assert f"{address} is not serving: UNAVAILABLE" in capsys.readouterr().err


def test_as_a_program_it_is_content_with_a_server_that_serves(launch, free):
    (address,) = free(1)
    launch(f"{address}=well").ready()
    assert healthcheck([address]) == 0


@pytest.mark.parametrize("arguments", [[], ["--help"], ["127.0.0.1:1", "127.0.0.1:2"]])
def test_as_a_program_it_wants_one_address(arguments, capsys):
    assert healthcheck(arguments) == 2
    assert "usage:" in capsys.readouterr().err
