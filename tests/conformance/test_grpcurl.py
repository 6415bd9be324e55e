"""grpcurl, by reflection alone."""

import json
import subprocess
from typing import Any

from tests.conformance.conftest import Served
from tests.parts import require


def grpcurl(address: str, *args: str, data: Any = None) -> subprocess.CompletedProcess[str]:
    given = ["-d", json.dumps(data)] if data is not None else []
    command = [str(require("grpcurl")), "-plaintext", *given, address, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def answer(address: str, method: str, data: Any) -> Any:
    done = grpcurl(address, method, data=data)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def infer(rows: list[list[float]], **more: Any) -> dict[str, Any]:
    flat = [value for row in rows for value in row]
    tensor = {"name": "input-0", "datatype": "FP64", "shape": [len(rows), 4], "contents": {"fp64_contents": flat}}
    return {"model_name": "iris", "inputs": [tensor], **more}


def test_every_service_lists_what_it_offers(served: Served) -> None:
    offered = {
        "registry": ["FileService", "ModelService", "VersionService"],
        "serving": ["DeploymentService", "NodeService"],
        "inference": ["inference.GRPCInferenceService"],
    }
    for service, names in offered.items():
        done = grpcurl(served.stack.addresses[service], "list")
        assert done.returncode == 0, done.stderr
        for name in [*names, "grpc.health.v1.Health"]:
            assert name in done.stdout
        status = answer(served.stack.addresses[service], "grpc.health.v1.Health/Check", {})
        assert status == {"status": "SERVING"}


def test_numbers_are_shown_when_they_are_asked_for_as_numbers(served: Served) -> None:
    rows = served.iris.rows[:3].tolist()
    asked = infer(rows, id="g-1", parameters={"binary_data_output": {"bool_param": False}})
    shown = answer(served.address, "inference.GRPCInferenceService/ModelInfer", asked)
    assert shown["id"] == "g-1"
    (output,) = shown["outputs"]
    labels = [int(value) for value in output["contents"]["int64Contents"]]
    assert labels == served.iris.answers[:3].tolist()
    assert "rawOutputContents" not in shown


def test_the_answer_is_raw_otherwise(served: Served) -> None:
    shown = answer(served.address, "inference.GRPCInferenceService/ModelInfer", infer(served.iris.rows[:1].tolist()))
    assert "contents" not in shown["outputs"][0]
    assert len(shown["rawOutputContents"]) == 1


def test_an_error_is_shown_with_its_details(served: Served) -> None:
    done = grpcurl(
        served.address,
        "inference.GRPCInferenceService/ModelInfer",
        data={**infer([[1, 2, 3, 4]]), "model_name": "nope"},
    )
    assert "NotFound" in done.stderr
    assert "Request for unknown model: 'nope' is not found" in done.stderr
    assert "google.rpc.ResourceInfo" in done.stderr
    assert "google.rpc.ErrorInfo" in done.stderr
    assert '"resource_name": "nope"' in done.stderr


def test_an_empty_request_answers_on_the_control_plane(served: Served) -> None:
    models = answer(served.stack.addresses["registry"], "servery.registry.v1.ModelService/ListModels", {})
    assert [model["name"] for model in models["models"]] == ["digits", "iris"]
    shown = answer(served.stack.addresses["serving"], "servery.serving.v1.DeploymentService/ListDeployments", {})
    assert [(each["name"], each["state"]) for each in shown["deployments"]] == [
        ("digits", "STATE_RUNNING"),
        ("iris", "STATE_RUNNING"),
    ]


def test_an_rpc_that_is_not_there_yet_says_its_name(served: Served) -> None:
    done = grpcurl(served.address, "inference.GRPCInferenceService/ModelStatistics", data={})
    assert "Unimplemented" in done.stderr
    assert "ModelStatistics" in done.stderr
