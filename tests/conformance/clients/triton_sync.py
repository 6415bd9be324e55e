"""tritonclient, sync, as a process of its own. What it is to check comes on standard input."""

import json
import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

case = json.load(sys.stdin)
client = triton.InferenceServerClient(case["address"])


def tensor(name: str, rows: np.ndarray, datatype: str) -> triton.InferInput:
    given = triton.InferInput(name, list(rows.shape), datatype)
    given.set_data_from_numpy(rows)
    return given


def refused(code: str, *words: str, model: str = "iris", inputs: list | None = None, **kwargs) -> None:
    try:
        client.infer(model, inputs or [], **kwargs)
    except InferenceServerException as error:
        assert error.status() == f"StatusCode.{code}", (error.status(), error.message())
        for word in words:
            assert word in error.message(), (word, error.message())
    else:
        raise AssertionError(f"expected {code}")


assert client.is_server_live()
assert client.is_server_ready()
metadata = client.get_server_metadata()
assert metadata.name == "servery", metadata
assert metadata.version

iris, digits = case["iris"], case["digits"]
for model in ("iris", "digits"):
    assert client.is_model_ready(model)
    assert client.is_model_ready(model, "1")
    described = client.get_model_metadata(model)
    assert described.name == model
    assert list(described.versions) == ["1"]
    assert described.platform
assert not client.is_model_ready("nobody")
assert not client.is_model_ready("iris", "9")

described = client.get_model_metadata("iris")
assert [(i.name, i.datatype, list(i.shape)) for i in described.inputs] == [("input-0", "FP64", [-1, 4])], described
assert [(o.name, o.datatype, list(o.shape)) for o in described.outputs] == [("predict", "INT64", [-1])], described

# One row and many, in both precisions that people send.
for datatype, dtype in (("FP64", np.float64), ("FP32", np.float32)):
    rows = np.array(iris["rows"], dtype)
    for count in (1, 7, len(rows)):
        answer = client.infer("iris", [tensor("input-0", rows[:count], datatype)], request_id="r-7")
        assert answer.as_numpy("predict").dtype == np.int64
        assert answer.as_numpy("predict").tolist() == iris["answers"][:count]
        response = answer.get_response()
        assert (response.model_name, response.model_version, response.id) == ("iris", "1", "r-7"), response

rows = np.array(digits["rows"], np.float32)
(given,) = client.get_model_metadata("digits").inputs
label, scores = (output.name for output in client.get_model_metadata("digits").outputs)
answer = client.infer("digits", [tensor(given.name, rows, given.datatype)])
assert answer.as_numpy(label).tolist() == digits["answers"]
assert answer.as_numpy(scores).shape == (len(rows), 10)
assert answer.as_numpy(scores).argmax(axis=1).tolist() == digits["answers"]
# A subset of the outputs, in the version asked for.
asked = [triton.InferRequestedOutput(scores)]
answer = client.infer("digits", [tensor(given.name, rows[:2], "FP32")], model_version="1", outputs=asked)
assert [output.name for output in answer.get_response().outputs] == [scores]

one = np.array(iris["rows"][:1], np.float64)
good = tensor("input-0", one, "FP64")
refused("NOT_FOUND", "Request for unknown model: 'nobody' is not found", model="nobody", inputs=[good])
refused("NOT_FOUND", "Request for unknown model: 'iris' version 9 is not found", inputs=[good], model_version="9")
refused("INVALID_ARGUMENT", "version should be an integral value", inputs=[good], model_version="new")
refused("INVALID_ARGUMENT", "expected 1 inputs but got 0 inputs", "input-0")
refused(
    "INVALID_ARGUMENT", "unexpected inference input 'other' for model 'iris'", inputs=[tensor("other", one, "FP64")]
)
refused("INVALID_ARGUMENT", "expected 1 inputs but got 2 inputs", inputs=[good, tensor("other", one, "FP64")])
words = np.array([[b"a", b"b", b"c", b"d"]], np.object_)
refused("INVALID_ARGUMENT", "'input-0' data-type is 'BYTES'", "'FP64'", inputs=[tensor("input-0", words, "BYTES")])
refused(
    "INVALID_ARGUMENT",
    "unexpected shape for input 'input-0'",
    "[-1,4]",
    "[1,3]",
    inputs=[tensor("input-0", one[:, :3], "FP64")],
)
short = tensor("input-0", one, "FP64")
short._raw_content = short._raw_content[:-1]
refused("INVALID_ARGUMENT", "input byte size mismatch for input 'input-0'", "Expected 32, got 31", inputs=[short])
refused(
    "INVALID_ARGUMENT",
    "unexpected inference output 'nope'",
    inputs=[good],
    outputs=[triton.InferRequestedOutput("nope")],
)
try:
    client.get_model_metadata("nobody")
except InferenceServerException as error:
    assert error.status() == "StatusCode.NOT_FOUND", error.status()
else:
    raise AssertionError("metadata of an unknown model")
for rpc in (client.get_inference_statistics, client.get_system_shared_memory_status, client.get_trace_settings):
    try:
        rpc()
    except InferenceServerException as error:
        assert error.status() == "StatusCode.UNIMPLEMENTED", error.status()
    else:
        raise AssertionError(f"{rpc.__name__} is said to be unimplemented")

assert not [name for name in sys.modules if name.startswith("servery")]
print("all as it should be")
