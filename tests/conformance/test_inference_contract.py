"""The contract that we ship is the one that tritonclient was built from."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "clients/python/src/servery/inference/inference.binpb"


def compare(descriptors: Path) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).parent / "inference_contract.py"
    command = [sys.executable, "-I", str(script), str(descriptors)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_item_of_our_contract_equals_tritonclient_s():
    done = compare(SHIPPED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal those of tritonclient" in done.stdout


def test_a_difference_is_seen(tmp_path):
    content = SHIPPED.read_bytes()
    assert b"\x0a\x0amodel_name" in content
    other = tmp_path / "other.binpb"
    other.write_bytes(content.replace(b"\x0a\x0amodel_name", b"\x0a\x0amodel_nome"))
    done = compare(other)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "missing: field inference.ModelInferRequest.model_name" in done.stdout
