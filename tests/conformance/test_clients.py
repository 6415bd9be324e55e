"""Clients that nobody here wrote, each in a process that imports nothing of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.conftest import Served
from tests.parts import require

CLIENTS = Path(__file__).parent / "clients"


def run(python: Path | str, script: str, served: Served) -> None:
    # -I: neither the environment nor the working directory can lead it to our packages.
    command = [str(python), "-I", str(CLIENTS / script)]
    done = subprocess.run(command, input=served.case(), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all as it should be" in done.stdout


@pytest.mark.parametrize("script", ["triton_sync.py", "triton_aio.py"])
def test_tritonclient_gets_all_it_asks_for(served: Served, script: str) -> None:
    run(sys.executable, script, served)


def test_kserve_s_client_gets_all_it_asks_for(served: Served) -> None:
    run(require("kserve"), "kserve_client.py", served)
