"""What is pushed into Triton for a version, without a Triton."""

import json
import pickle
import zlib
from pathlib import Path

import joblib
import pytest

from servery.errors import FailedPrecondition
from servery_inference.backends._triton import layout as layouts
from servery_inference.backends._triton.layout import config_json, contents, layout, model_name
from servery_inference.domain.model import Source

CONFIG = 'backend: "onnxruntime"\nmax_batch_size: 8\ninput { name: "x" data_type: TYPE_FP32 dims: [4] }\n'


def source(folder: Path, files: dict[str, bytes], framework: str = "SKLEARN") -> Source:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Source(
        project="default",
        deployment="iris",
        revision=4,
        model="flowers",
        model_version=2,
        version_id="v-77",
        framework=framework,
        engine="TRITON",
        folder=folder,
    )


def test_each_revision_has_a_name_of_its_own_in_triton(tmp_path):
    assert model_name(source(tmp_path, {})) == "servery.default.iris.4"


def test_a_triton_model_is_pushed_as_it_is_whatever_its_framework(tmp_path):
    files = {"config.pbtxt": CONFIG.encode(), "1/model.onnx": b"old", "2/model.onnx": b"new", "labels.txt": b"a\nb"}
    found = layout(source(tmp_path, files, framework="ONNX"))
    assert contents(found) == {"file:1/model.onnx": b"old", "file:2/model.onnx": b"new", "file:labels.txt": b"a\nb"}
    assert found.config.max_batch_size == 8
    assert found.accepts == frozenset()


def test_a_configuration_carries_our_name_the_version_and_a_mark_of_this_load(tmp_path):
    given = layout(source(tmp_path, {"config.pbtxt": b'name: "theirs"\n' + CONFIG.encode(), "1/m.onnx": b"x"})).config
    sent = json.loads(config_json(given, name="ours", version_id="v-77", load="first"))
    assert sent["name"] == "ours"
    assert sent["input"] == [{"name": "x", "data_type": "TYPE_FP32", "dims": ["4"]}]
    assert sent["parameters"] == {
        "servery_version_id": {"string_value": "v-77"},
        "servery_load": {"string_value": "first"},
    }
    assert given.name == "theirs"
    assert sent != json.loads(config_json(given, name="ours", version_id="v-77", load="second"))


def dumped(tmp_path: Path, compress: int | tuple[str, int]) -> bytes:
    path = tmp_path.parent / f"{tmp_path.name}.dumped"
    joblib.dump({"weights": [1.0] * 9}, path, compress=compress)
    return path.read_bytes()


@pytest.mark.parametrize("method", [0, 1, 3, 6, 9, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_model_written_by_joblib_is_known_by_its_content(tmp_path, method):
    files = {"anything": dumped(tmp_path, method), "README.md": b"# flowers", "input.json": b"{}"}
    assert layout(source(tmp_path, files)).files["1/model.joblib"] == tmp_path / "anything"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_known_by_its_content(tmp_path, protocol):
    found = layout(source(tmp_path, {"model.bin": pickle.dumps([1], protocol=protocol)}))
    assert found.files["1/model.joblib"] == tmp_path / "model.bin"


def test_of_several_files_that_could_be_the_model_the_suffix_chooses(tmp_path):
    files = {"rows.gz": zlib.compress(b"rows"), "model.pkl": pickle.dumps([1])}
    assert layout(source(tmp_path, files)).files["1/model.joblib"] == tmp_path / "model.pkl"


def test_the_model_code_that_we_ship_is_pushed_beside_a_sklearn_model(tmp_path):
    found = layout(source(tmp_path, {"model.pkl": pickle.dumps([1])}))
    code = contents(found)["file:1/model.py"].decode()
    assert "class TritonPythonModel" in code
    assert "servery" not in code.split('"""', 2)[2]  # it runs where nothing of ours is installed
    assert found.config.backend == "python"
    assert "FP32" in found.accepts


@pytest.mark.parametrize(
    ("framework", "files", "says"),
    [
        ("ONNX", {"model.onnx": b"x"}, "has framework ONNX and no config.pbtxt"),
        ("", {"model.bin": b"x"}, "has framework none"),
        ("SKLEARN", {}, "there is no files"),
        ("SKLEARN", {"model.txt": b"text"}, "there is model.txt"),
        ("SKLEARN", {"a.pkl": pickle.dumps(1), "b.pkl": pickle.dumps(2)}, "there is a.pkl, b.pkl"),
        ("SKLEARN", {"a": pickle.dumps(1), "b": pickle.dumps(2)}, "there is a, b"),
        ("OTHER", {"config.pbtxt": b"backend: [", "1/m": b"x"}, "is not a Triton model configuration"),
        ("OTHER", {"config.pbtxt": b"\xff\xfe", "1/m": b"x"}, "is not a Triton model configuration"),
        ("OTHER", {"config.pbtxt": b"no_such_field: 1", "1/m": b"x"}, "no_such_field"),
        ("OTHER", {"config.pbtxt": CONFIG.encode(), "model.onnx": b"x"}, "there is no folder 1, 2"),
        ("OTHER", {"config.pbtxt": CONFIG.encode(), "01/model.onnx": b"x", "v1/model.onnx": b"x"}, "no folder 1, 2"),
        ("OTHER", {"config.pbtxt": b"ensemble_scheduling {}", "1/m": b"x"}, "of an ensemble"),
    ],
)
def test_what_triton_cannot_serve_is_refused_with_what_it_can(tmp_path, framework, files, says):
    with pytest.raises(FailedPrecondition, match="can't serve model 'flowers' version 2") as refused:
        layout(source(tmp_path, files, framework))
    assert says in str(refused.value)
    assert refused.value.subject == "deployment iris"


def test_more_than_a_message_holds_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(layouts, "PUSH_BYTES", 9)
    found = layout(source(tmp_path, {"config.pbtxt": CONFIG.encode(), "1/model.onnx": b"0123456789"}))
    with pytest.raises(FailedPrecondition, match="the files are 10 bytes; at most 9"):
        contents(found)
