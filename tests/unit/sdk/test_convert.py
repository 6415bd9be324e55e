from datetime import UTC, datetime

import pytest

import servery.registry.v1 as registry
import servery.serving.v1 as serving
from servery.client import _convert as convert
from servery.client import _resources as resources
from servery.client import _schema as schema
from servery.errors import InvalidArgument


@pytest.mark.parametrize(
    ("message", "noun"),
    [
        (registry.Model, resources.Model),
        (registry.Version, resources.Version),
        (registry.File, resources.File),
        (registry.Scan, resources.Scan),
        (registry.Scan.Finding, resources.Finding),
        (registry.TagSchema, resources.TagSchema),
        (registry.CollectGarbageResponse, resources.Collected),
        (registry.CollectGarbageResponse.Garbage, resources.Garbage),
        (registry.ModelSchema, schema.ModelSchema),
        (registry.Schema, schema.Schema),
        (registry.Column, schema.Column),
        (registry.TensorSchema, schema.TensorSchema),
        (registry.Provenance, schema.Provenance),
        (serving.Deployment, resources.Deployment),
        (serving.Deployment.Condition, resources.Condition),
    ],
)
def test_every_field_of_the_wire_is_on_the_object(message, noun):
    left_out = {"etag"} if message is serving.Deployment else set()  # nothing takes it back yet
    assert {field.name for field in message.DESCRIPTOR.fields} - left_out == set(noun.__dataclass_fields__)


def test_a_version_is_read_in_the_words_of_the_sdk():
    message = registry.Version(
        project="default",
        model="iris",
        version=3,
        state=registry.Version.STATE_READY,
        framework=registry.FRAMEWORK_SKLEARN,
        metrics={"b": 2.0, "a": 1.0},
    )
    message.create_time.FromDatetime(datetime(2026, 1, 2, tzinfo=UTC))
    version = convert.version_from_proto(message)
    assert (version.state, version.framework) == ("READY", "sklearn")
    assert list(version.metrics) == ["a", "b"]
    assert version.create_time == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_version_is_read_with_all_that_is_known_of_it():
    message = registry.Version(input_example='{"x": [1, 2.5]}', aliases=["champion"], missing_mandatory_tags=["team"])
    message.tags["n"].number_value = 3
    message.schema.input.tensors.add(name="x", type="float32", shape=[-1, 4])
    message.provenance.links["run"] = "https://runs/1"
    message.scan.verdict = registry.Scan.VERDICT_MISMATCH
    message.scan.findings.add(path="a.onnx", format="pickle", verdict=registry.Scan.VERDICT_MISMATCH, text="a pickle")
    version = convert.version_from_proto(message)
    assert (version.input_example, version.aliases, version.tags) == ({"x": [1, 2.5]}, ("champion",), {"n": 3})
    assert version.schema.input.tensors == (schema.TensorSchema(name="x", type="float32", shape=(-1, 4)),)
    assert version.schema.output is None
    assert version.provenance.links == {"run": "https://runs/1"}
    assert (version.scan.verdict, version.scan.findings[0].verdict) == ("MISMATCH", "MISMATCH")
    assert version.missing_mandatory_tags == ("team",)


def test_what_a_version_does_not_have_is_none():
    version = convert.version_from_proto(registry.Version())
    assert (version.input_example, version.schema, version.provenance, version.scan) == (None, None, None, None)


def test_a_deployment_is_read_with_its_conditions():
    message = serving.Deployment(engine=serving.ENGINE_TRITON, state=serving.Deployment.STATE_FAILED, reason="no file")
    message.conditions.add(
        type=serving.Deployment.Condition.TYPE_READY, status=serving.Deployment.Condition.STATUS_FALSE, reason="no file"
    )
    deployment = convert.deployment_from_proto(message)
    assert (deployment.engine, deployment.state, deployment.ready) == ("triton", "FAILED", False)
    assert [(c.type, c.status, c.reason) for c in deployment.conditions] == [("READY", "FALSE", "no file")]


def test_a_value_of_a_newer_service_is_shown_as_its_number():
    message = serving.Deployment()
    message.MergeFromString(b"\x50\x63")  # state = 99
    assert convert.deployment_from_proto(message).state == "99"


def test_names_of_frameworks_and_engines_go_both_ways():
    assert convert.frameworks() == ["sklearn", "tensorflow", "torch", "python", "onnx", "xgboost", "lightgbm", "llm"]
    assert convert.engines() == ["local", "triton"]
    assert convert.framework_to_proto("SKLearn") == registry.FRAMEWORK_SKLEARN
    assert convert.engine_to_proto("triton") == serving.ENGINE_TRITON


@pytest.mark.parametrize("name", ["", "unspecified", "keras"])
def test_a_framework_that_nobody_knows_is_refused_with_the_list(name):
    with pytest.raises(InvalidArgument, match="take one of: sklearn, tensorflow") as caught:
        convert.framework_to_proto(name)
    assert caught.value.field == "framework"
