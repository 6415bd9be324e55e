import math

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api import checks, version_checks

BEST = {"model": "iris", "metric": "accuracy", "direction": pb.GetBestVersionRequest.DIRECTION_MAX}
COLUMN, TENSOR = pb.Column(type="float64"), pb.TensorSchema(type="float32", shape=[-1, 4])


def create(**given):
    request = pb.CreateVersionRequest(model="iris", framework=pb.FRAMEWORK_ONNX, **given)
    return version_checks.create_version, request


def update(*paths, **given):
    version = pb.Version(**({"model": "iris", "version": 1} | given))
    return version_checks.update_version, pb.UpdateVersionRequest(version=version, update_mask=FieldMask(paths=paths))


def update_model(*paths, **given):
    model = pb.Model(**({"name": "iris"} | given))
    return checks.update_model, pb.UpdateModelRequest(model=model, update_mask=FieldMask(paths=paths))


def get(**given):
    return version_checks.get_version, pb.GetVersionRequest(model="iris", **given)


def best(**given):
    return version_checks.get_best_version, pb.GetBestVersionRequest(**(BEST | given))


def schema(*, columns=(), tensors=()):
    return create(schema=pb.ModelSchema(output=pb.Schema(columns=columns, tensors=tensors)))


def provenance(**given):
    return create(provenance=pb.Provenance(**given))


WRONG = [
    (create(input_example="{"), "input_example"),
    (create(input_example=" "), "input_example"),
    (create(input_example="[NaN]"), "input_example"),
    (create(input_example="[1] 2"), "input_example"),
    (create(input_example="\ufeff[1]"), "input_example"),
    (create(input_example='"\n"'), "input_example"),
    (create(input_example="[" * 500_000 + "]" * 500_000), "input_example"),
    (create(input_example='"' + "x" * (1024 * 1024 - 1) + '"'), "input_example"),
    (create(input_example='"' + "花" * (350 * 1024) + '"'), "input_example"),
    (schema(columns=[COLUMN], tensors=[TENSOR]), "schema.output"),
    (schema(columns=[COLUMN, pb.Column(name="length")]), "schema.output.columns[1].type"),
    (schema(columns=[pb.Column(type="x" * 256)]), "schema.output.columns[0].type"),
    (schema(columns=[pb.Column(type="a", name="x" * 256)]), "schema.output.columns[0].name"),
    (schema(columns=[pb.Column(type="a", name="\0")]), "schema.output.columns[0].name"),
    (schema(columns=[pb.Column(type="a", description="x" * 1001)]), "schema.output.columns[0].description"),
    (schema(tensors=[TENSOR, pb.TensorSchema(shape=[1])]), "schema.output.tensors[1].type"),
    (schema(tensors=[pb.TensorSchema(type="float32")]), "schema.output.tensors[0].shape"),
    (schema(tensors=[pb.TensorSchema(type="float32", shape=[1, -2])]), "schema.output.tensors[0].shape"),
    (schema(columns=[pb.Column(type="a", description="x" * 1000)] * 300), "schema"),
    (provenance(program="x" * 1001), "provenance.program"),
    (provenance(environment="\0"), "provenance.environment"),
    (provenance(training_dataset_version=-1), "provenance.training_dataset_version"),
    (provenance(feature_view_version=-1), "provenance.feature_view_version"),
    (provenance(links={str(n): "" for n in range(101)}), "provenance.links"),
    (provenance(links={"": "x"}), 'provenance.links[""]'),
    (provenance(links={"a": "x" * 1001}), 'provenance.links["a"]'),
    (update(model=""), "version.model"),
    (update(project=".."), "version.project"),
    (update(version=0), "version.version"),
    (update("framework"), "update_mask"),
    (update(framework=99), "version.framework"),
    (update(description="x" * 1001), "version.description"),
    (update("metrics", metrics={"nan": math.nan}), 'version.metrics["nan"]'),
    (update(input_example="{"), "version.input_example"),
    (update(schema=pb.ModelSchema(input=pb.Schema(columns=[pb.Column()]))), "version.schema.input.columns[0].type"),
    (update(provenance=pb.Provenance(program="x" * 1001)), "version.provenance.program"),
    (update_model(name=""), "model.name"),
    (update_model(project=".."), "model.project"),
    (update_model("name"), "update_mask"),
    (update_model("latest_version"), "update_mask"),
    (update_model(description="x" * 1001), "model.description"),
    (get(version=1, alias="champion"), "alias"),
    (get(alias="Champion"), "alias"),
    (best(model=""), "model"),
    (best(metric=""), "metric"),
    (best(metric="x" * 256), "metric"),
    (best(metric="\0"), "metric"),
    (best(direction=pb.GetBestVersionRequest.DIRECTION_UNSPECIFIED), "direction"),
    (best(direction=99), "direction"),
]


@pytest.mark.parametrize(("case", "field"), WRONG, ids=[f"{case[0].__name__}-{field[:40]}" for case, field in WRONG])
def test_a_wrong_field_is_named(case, field):
    check, request = case
    with pytest.raises(InvalidArgument) as caught:
        check(request)
    assert caught.value.field == field
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "case",
    [
        create(input_example='"' + "x" * (1024 * 1024 - 2) + '"'),
        create(input_example="[" + "9" * 100_000 + ", 1e999999]"),
        create(input_example="null"),
        schema(columns=[COLUMN, pb.Column(name="x" * 255, type="x" * 255, description="x" * 1000)]),
        schema(tensors=[TENSOR, pb.TensorSchema(type="a", shape=[0, 2**62])]),
        create(schema=pb.ModelSchema(input=pb.Schema(columns=[COLUMN]), output=pb.Schema(tensors=[TENSOR]))),
        provenance(program="花" * 1000, links={str(n): "x" * 1000 for n in range(100)}),
        update(),
        update("description", framework=pb.FRAMEWORK_SKLEARN),
        update("description", metrics={"nan": math.nan}),  # not in the mask, so nobody's business
        update_model("description"),
        get(alias="latest"),
        get(alias="champion"),
        best(direction=pb.GetBestVersionRequest.DIRECTION_MIN),
    ],
)
def test_what_the_contract_allows_passes(case):
    check, request = case
    check(request)


def test_what_is_missing_is_called_mandatory():
    for case, key in ((schema(columns=[pb.Column()]), "type"), (schema(tensors=[pb.TensorSchema(type="a")]), "shape")):
        with pytest.raises(InvalidArgument, match=f"mandatory {key} missing from schema.output"):
            case[0](case[1])
