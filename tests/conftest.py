from tests.parts import servers


def pytest_sessionfinish() -> None:
    servers.stop_all()
