"""Lines to paste into another terminal, with the addresses of this stack."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from servery_up.demo.example import Example

DEFAULT_ADDRESS = "127.0.0.1:8001"


def grpcurl(example: Example, address: str) -> str:
    """One row, asked by reflection alone; typed contents, so that the answer shows numbers."""
    row = [float(value) for value in example.rows[0]]
    question = {
        "model_name": example.name,
        "parameters": {"binary_data_output": {"bool_param": False}},
        "inputs": [
            {
                "name": example.input.name,
                "datatype": example.input.datatype,
                "shape": [1, len(row)],
                "contents": {example.input.contents: row},
            }
        ],
    }
    data = shlex.quote(json.dumps(question))
    return f"grpcurl -plaintext -d {data} {address} inference.GRPCInferenceService/ModelInfer"


def tritonclient(example: Example, address: str) -> str:
    row = [float(value) for value in example.rows[0]]
    kind = {"FP32": "float32", "FP64": "float64"}[example.input.datatype]
    return f"""{program("python")} - <<'END'
import numpy, tritonclient.grpc as grpc
rows = numpy.array([{json.dumps(row)}], numpy.{kind})
question = grpc.InferInput({example.input.name!r}, rows.shape, {example.input.datatype!r})
question.set_data_from_numpy(rows)
print(grpc.InferenceServerClient({address!r}).infer({example.name!r}, [question]).as_numpy({example.output!r}))
END"""


def servery(example: Example, address: str) -> str:
    row = [float(value) for value in example.rows[0]]
    data = shlex.quote(json.dumps({"instances": [row]}))
    setting = "" if address == DEFAULT_ADDRESS else f"SERVERY_INFERENCE={address} "
    return f"{setting}{program('servery')} predict {example.name} --data {data}"


def program(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """How to call a program of our virtual environment: by its name where that finds it, else by its path."""
    ours = Path(sys.executable).parent / name
    if not ours.exists() or shutil.which(name, path=environment.get("PATH", "")) == str(ours):
        return name
    here = Path.cwd()
    return shlex.quote(str(ours.relative_to(here) if ours.is_relative_to(here) else ours))
