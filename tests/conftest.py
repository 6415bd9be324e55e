import pytest

from tests.parts import servers


def pytest_sessionfinish() -> None:
    servers.stop_all()


@pytest.fixture(scope="session", autouse=True)
def caches(tmp_path_factory):
    """Where caches of the SDK are while tests run, and those of processes that tests start: never in the home."""
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def cache_home(caches, tmp_path_factory, monkeypatch):
    """The cache of a test is a new one."""
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home
