"""A service whose stores can't be had says so in one line and ends with exit code 2; no password is ever printed."""

import asyncio
import os
import re
import signal
import sys

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.parts import servers
from tests.parts.postgres import PASSWORD
from tests.parts.s3 import SECRET_KEY
from tests.ports import free_ports

SERVICES = {"registry": "SERVERY_REGISTRY_DATABASE_URL", "serving": "SERVERY_SERVING_DATABASE_URL"}


async def run(home, service: str, until: str = "", **settings: str) -> tuple[int, str]:
    """Exit code and log of `python -m servery_<service>`, which is told to stop once it has said `until`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SERVERY_", "AWS_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"servery_{service}",
        env=environment | {"SERVERY_HOME": str(home), f"SERVERY_{service.upper()}_BIND": "127.0.0.1:0"} | settings,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    log = ""
    try:
        async with asyncio.timeout(60):
            while line := (await process.stderr.readline()).decode():
                log += line
                if until and until in line:
                    await answers(line.rpartition(" ")[2].strip())
                    process.send_signal(signal.SIGTERM)
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert PASSWORD not in log
    assert SECRET_KEY not in log
    return code, log


async def answers(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)


def nothing_there() -> str:
    return servers.postgres().url("nowhere").replace(f":{servers.postgres().port}/", f":{free_ports(1)[0]}/")


def another_password() -> str:
    return servers.postgres().new_database().replace(PASSWORD, f"{PASSWORD}-at-all")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("url", "why"),
    [
        (nothing_there, "Connect call failed"),
        (another_password, "password authentication failed"),
        (lambda: servers.postgres().url("missing"), 'database "missing" does not exist'),
        (lambda: "sqlite+aiosqlite:////not/a/folder/x.db", "unable to open database file"),
        (lambda: f"postgres://me:{PASSWORD}@host/db", "begins with one of sqlite+aiosqlite://, postgresql+asyncpg://"),
    ],
    ids=["nothing there", "password", "no database", "no folder", "scheme"],
)
async def test_a_database_that_cannot_be_had_is_one_line_and_exit_code_2(tmp_path, service, url, why):
    code, log = await run(tmp_path, service, **{SERVICES[service]: url()})
    assert code == 2
    assert log.startswith("error: ")
    assert why in log
    assert len(log.splitlines()) == 1


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_runs_on_postgresql_and_its_log_has_no_password(tmp_path, service):
    code, log = await run(
        tmp_path, service, "SERVING: listening", **{SERVICES[service]: servers.postgres().new_database()}
    )
    assert code == 0
    assert re.search(r"database: postgresql\+asyncpg://servery:\*\*\*@127\.0\.0\.1:\d+/", log)
    assert "Traceback" not in log
    assert not list(tmp_path.glob("*.db"))


async def test_the_registry_finds_a_bucket_by_the_usual_variables(tmp_path):
    url, environment = servers.s3().new_url(), servers.s3().environment
    code, log = await run(tmp_path, "registry", "SERVING: listening", SERVERY_REGISTRY_BLOB_URL=url, **environment)
    assert code == 0
    assert f"blob store: {url}" in log
    assert "does not answer" not in log


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"SERVERY_REGISTRY_BLOB_URL": "s3://no-such-bucket/x"}, "no-such-bucket/x: NoSuchBucket: "),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch: "),
        ({"SERVERY_REGISTRY_BLOB_OPTIONS": '{"endpiont": "http://127.0.0.1"}'}, "endpiont"),
        ({"SERVERY_REGISTRY_BLOB_OPTIONS": f"secret_access_key={SECRET_KEY}"}, "must be a JSON object"),
        ({"SERVERY_REGISTRY_BLOB_OPTIONS": f'{{"secret_access_key": ["{SECRET_KEY}"]}}'}, "valid string"),
    ],
    ids=["bucket", "key", "option", "no JSON", "no string"],
)
async def test_a_bucket_that_is_refused_is_one_line_and_exit_code_2(tmp_path, settings, why):
    given = {"SERVERY_REGISTRY_BLOB_URL": servers.s3().new_url()} | servers.s3().environment | settings
    code, log = await run(tmp_path, "registry", **given)
    assert code == 2
    assert log.startswith("error: ")
    assert why in log
    assert len(log.splitlines()) == 1


async def test_a_bucket_that_does_not_answer_yet_is_waited_for(tmp_path):
    endpoint = {"AWS_ENDPOINT": f"http://127.0.0.1:{free_ports(1)[0]}"}
    given = {"SERVERY_REGISTRY_BLOB_URL": servers.s3().new_url()} | servers.s3().environment | endpoint
    code, log = await run(tmp_path, "registry", "SERVING: listening", **given)
    assert code == 0
    assert "does not answer yet" in log
    assert "Traceback" not in log
