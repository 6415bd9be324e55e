"""The registry in Hopsworks' words."""

from types import SimpleNamespace

import numpy as np
import pytest

import servery
import servery as hsml
from servery.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from servery.hsml import ModelSchema, Schema

INPUT = [{"name": "x", "type": "float64", "description": "petals"}, {"type": "int"}]


@pytest.fixture
def mr(stack, monkeypatch):
    for name, address in stack.addresses.items():
        monkeypatch.setenv(f"SERVERY_{name.upper()}", address)
    with servery.connection() as connection:
        yield connection.get_model_registry()


def test_the_quickstart_of_seed_000_reads_the_same(stack, mr, folder):
    for accuracy in (0.9, 0.97):
        mr.tensorflow.create_model("mnist", metrics={"accuracy": accuracy}).save(folder)

    # Create a connection
    connection = hsml.connection()

    # Get the model registry handle for the project's model registry
    mr = connection.get_model_registry()

    # Get the version with highest accuracy
    model = mr.get_best_model("mnist", "accuracy", "max")  # fmt: skip

    # Create a deployment
    deployment = model.deploy()

    connection.close()
    assert (model.version, deployment.name, deployment.model_version) == (2, "mnist", 2)
    assert not deployment.started


@pytest.mark.parametrize(
    "framework", ["tensorflow", "sklearn", "torch", "python", "llm", "onnx", "xgboost", "lightgbm"]
)
def test_a_model_of_each_framework_is_saved(mr, folder, framework):
    model = getattr(mr, framework).create_model("m").save(folder)
    assert (model.framework, model.id) == (framework.upper(), "m_1")


def test_a_model_says_the_same_before_and_after_save(mr, folder):
    schema = ModelSchema(Schema(INPUT), Schema(np.zeros((3, 4), np.float32)))
    model = mr.sklearn.create_model(
        "iris",
        version=7,
        metrics={"accuracy": "0.97"},
        description="first",
        input_example=np.array([[1, 2]]),
        model_schema=schema,
        feature_view=SimpleNamespace(name="flowers", version=2),
        training_dataset_version=3,
        tags={"team": "vision"},
    )

    def known():
        return {
            "id": model.id,
            "name": model.name,
            "version": model.version,
            "metrics": model.training_metrics,
            "description": model.description,
            "example": model.input_example,
            "schema": model.model_schema.to_dict(),
            "view": model.feature_view,
            "training": model.training_dataset_version,
        }

    assert (model.created, model.creator) == (None, None)
    before = known()
    assert model.save(folder) is model
    assert known() == before
    assert before["schema"]["output_schema"] == {"tensor_schema": [{"type": "float32", "shape": [-1, 4]}]}
    assert (before["id"], before["example"]) == ("iris_7", [[1, 2]])
    assert (model.get_tags(), model.creator, model.user) == ({"team": "vision"}, "anonymous", "anonymous")
    assert model.created is not None
    assert repr(model) == "Model(name: 'iris', version: 7)"


def test_tags_download_and_delete(mr, folder, tmp_path):
    model = mr.python.create_model("iris", tags=[{"name": "a", "value": 1}]).save(folder)
    model.add_tag("b", [1])
    model.set_tag("c", None)
    model.delete_tag("a")
    assert (model.get_tags(), model.get_tag("b"), model.get_tag("a")) == ({"b": [1], "c": None}, [1], None)
    assert model.missing_mandatory_tags() == []
    assert model.download(tmp_path / "here") == str(tmp_path / "here")
    assert model.download().endswith("/iris/1")
    assert (tmp_path / "here" / "sub/config.json").read_bytes() == b'{"a": 1}'
    model.delete()
    with pytest.raises(NotFound):
        mr.get_model("iris", 1)


def test_no_version_means_the_latest_and_what_is_missing_is_an_error(mr, folder):
    for _ in range(2):
        mr.sklearn.create_model("iris").save(folder)
    assert mr.get_model("iris").version == 2
    assert mr.get_model("iris", version=1).version == 1
    assert [model.version for model in mr.get_models("iris")] == [1, 2]
    assert mr.get_models("nothing") == []
    with pytest.raises(NotFound):
        mr.get_model("nothing")
    with pytest.raises(NotFound, match="accuracy"):
        mr.get_best_model("iris", "accuracy", "max")
    with pytest.raises(AlreadyExists):
        mr.sklearn.create_model("iris", version=1, metrics={"a": 1}).save(folder)


def test_what_needs_the_registry_wants_save_first_and_save_comes_once(mr, folder):
    model = mr.sklearn.create_model("iris")
    for needs in (model.delete, model.download, model.deploy, model.get_tags):
        with pytest.raises(FailedPrecondition, match="save it first"):
            needs()
    model.save(folder)
    with pytest.raises(FailedPrecondition, match="saved already"):
        model.save(folder)


def test_upload_configuration_is_read(mr, folder):
    model = mr.sklearn.create_model("iris")
    with pytest.raises(InvalidArgument, match="upload_configuration has no speed"):
        model.save(folder, upload_configuration={"speed": 1})
    with pytest.raises(InvalidArgument, match="parallel must be 1 to 32"):
        model.save(folder, upload_configuration={"simultaneous_uploads": 0})
    assert model.save(folder, 0, True, {"simultaneous_uploads": 1, "chunk_size": 10}).version == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"metrics": {"a": "b"}}, "metric a must be a number"),
        ({"input_example": []}, "input_example is empty"),
        ({"model_schema": {"in": 1}}, "schema has no in"),
        ({"tags": "team"}, "'team' is no tag"),
        ({"tags": {"a": object()}}, "tags must be JSON"),
        ({"feature_view": 3}, "feature_view must be a name"),
    ],
)
def test_what_the_registry_could_not_take_is_refused_at_once(mr, arguments, says):
    with pytest.raises(InvalidArgument, match=says):
        mr.sklearn.create_model("iris", **arguments)


def test_another_project_wants_a_connection_of_its_own(mr):
    with servery.connection(project="mine") as connection:
        assert connection.get_model_registry("mine").project_name == "mine"
        with pytest.raises(InvalidArgument, match="project='other'"):
            connection.get_model_registry("other")


class Frame:
    """What a pandas DataFrame is known by."""

    columns = ("x", "y")
    dtypes = ("float64", "object")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (INPUT, {"columnar_schema": INPUT}),
        ({"type": "int"}, {"columnar_schema": [{"type": "int"}]}),
        ([{"type": "int", "shape": [None, 2]}], {"tensor_schema": [{"type": "int", "shape": [-1, 2]}]}),
        (np.zeros((5, 2), np.int64), {"tensor_schema": [{"type": "int64", "shape": [-1, 2]}]}),
        (Frame(), {"columnar_schema": [{"name": "x", "type": "float64"}, {"name": "y", "type": "object"}]}),
    ],
)
def test_a_schema_is_read_off_data(data, expected):
    schema = Schema(data)
    assert schema.to_dict() == expected
    assert Schema.from_servery(schema.to_servery()) == schema


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([{"name": "x"}], "Mandatory 'type' key missing from entry {'name': 'x'}"),
        ([{"type": "int", "shape": "two"}], "whole numbers"),
        ([], "at least one entry"),
        ("text", "str is no schema"),
        ([1], "list is no schema"),
    ],
)
def test_what_is_no_schema_says_what_is(data, says):
    with pytest.raises(InvalidArgument, match=says):
        Schema(data)
