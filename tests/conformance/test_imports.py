"""`servery.inference` imports beside the other packages that bring `inference.*`, in either order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import require

SDK = Path(__file__).parents[2] / "clients/python/src"
OURS = "from servery import inference"
USE = """
import sys
message = inference.ModelInferRequest(model_name="iris")
assert inference.ModelInferRequest.FromString(theirs(model_name="iris").SerializeToString()) == message
assert theirs.DESCRIPTOR is not message.DESCRIPTOR
print("both work")
"""


def run(python: Path | str, *lines: str) -> None:
    done = subprocess.run(
        [str(python), "-c", "\n".join([*lines, USE])],
        env={**os.environ, "PYTHONPATH": str(SDK)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("both work")


@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
def test_ours_and_tritonclient_s_live_in_one_process(ours_first):
    theirs = "from tritonclient.grpc.service_pb2 import ModelInferRequest as theirs"
    run(sys.executable, *([OURS, theirs] if ours_first else [theirs, OURS]))


@pytest.mark.parametrize("ours_first", [True, False], ids=["ours first", "theirs first"])
def test_ours_and_kserve_s_live_in_one_process(ours_first):
    theirs = "from kserve.protocol.grpc.grpc_predict_v2_pb2 import ModelInferRequest as theirs"
    run(require("kserve"), *([OURS, theirs] if ours_first else [theirs, OURS]))
