"""The same model in a worker and in a real Triton, through the same port of the whole stack."""

from pathlib import Path

import numpy as np
import pytest

from servery import errors
from tests.models import digits, iris
from tests.parts import require
from tests.parts.triton import triton_server
from tests.stack import running_stack


async def test_triton_s_answers_through_our_port_are_those_of_the_worker(tmp_path: Path) -> None:
    async with triton_server(require("triton"), tmp_path) as triton:
        trained = iris(tmp_path / "iris")
        with (
            running_stack(tmp_path / "home", SERVERY_INFERENCE_TRITON_ADDRESS=triton.address) as stack,
            stack.connect() as client,
        ):
            client.push(trained.folder, name="iris", framework="sklearn")
            client.deploy("iris", wait=True, timeout_s=60)
            client.deploy("iris", name="irisTriton", engine="triton", wait=True, timeout_s=60)
            for dtype in (np.float64, np.float32):
                rows = trained.rows.astype(dtype)
                by_worker = client.predict("iris", inputs={"input-0": rows})["predict"]
                by_triton = client.predict("irisTriton", inputs={"input-0": rows})["predict"]
                assert by_worker.dtype == by_triton.dtype == np.int64
                assert by_worker.tolist() == by_triton.tolist() == trained.answers.tolist()
            instances = {"instances": trained.rows[:2].tolist()}
            assert client.predict("irisTriton", instances) == client.predict("iris", instances)
            with pytest.raises(
                errors.InvalidArgument, match=r"input 'input-0' for model 'irisTriton'. Expected \[-1,4\]"
            ):
                client.predict("irisTriton", inputs={"input-0": trained.rows[:, :3]})


def test_a_model_for_a_triton_that_is_not_named_says_which_setting_to_set(tmp_path: Path) -> None:
    trained = digits(tmp_path / "digits")
    with running_stack(tmp_path / "home") as stack, stack.connect() as client:
        client.push(trained.folder, name="digits", framework="onnx")
        with pytest.raises(errors.ServeryError, match="SERVERY_INFERENCE_TRITON_ADDRESS"):
            client.deploy("digits", engine="triton", wait=True, timeout_s=60)
        assert "SERVERY_INFERENCE_TRITON_ADDRESS" in client.deployments.get("digits").reason
