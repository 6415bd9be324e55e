"""Everything of the registry that moves no file."""

import pytest

from servery import Column, ModelSchema, Provenance, Schema
from servery.errors import Aborted, FailedPrecondition, InvalidArgument, NotFound
from servery.registry import v1 as pb

SCHEMA = ModelSchema(input=Schema(columns=(Column(name="x", type="float64"),)))


@pytest.fixture
def three(client, folder):
    """Three versions of iris; the second is the most accurate."""
    for accuracy in (0.9, 0.97, 0.9):
        client.push(folder, name="iris", framework="sklearn", metrics={"accuracy": accuracy})
    return client


def test_a_version_keeps_what_it_was_made_with(client, folder):
    made = client.push(
        folder,
        name="iris",
        framework="sklearn",
        input_example=[[5.1, 3.5]],
        schema=SCHEMA,
        provenance={"program": "train.py", "links": {"run": "1"}},
        tags={"team": "vision"},
        aliases=["champion"],
    )
    assert made == client.versions.get("iris", alias="champion")
    assert (made.input_example, made.schema) == ([[5.1, 3.5]], SCHEMA)
    assert made.provenance == Provenance(program="train.py", links={"run": "1"})
    assert (made.tags, made.aliases, len(made.manifest_sha256)) == ({"team": "vision"}, ("champion",), 64)


def test_update_changes_what_is_given_and_clears_what_is_named(three):
    three.versions.update("iris", 1, description="first", schema=SCHEMA, input_example={"x": 1})
    changed = three.versions.update("iris", 1, metrics={"f1": 1}, clear=["input_example"])
    assert (changed.description, changed.schema) == ("first", SCHEMA)
    assert (changed.metrics, changed.input_example) == ({"f1": 1.0}, None)
    assert three.models.update("iris", description="flowers").description == "flowers"


def test_update_and_delete_of_another_form_are_refused(three):
    etag = three.versions.get("iris", 1).etag
    three.versions.update("iris", 1, description="first", etag=etag)
    with pytest.raises(Aborted):
        three.versions.update("iris", 1, description="late", etag=etag)
    with pytest.raises(Aborted):
        three.versions.delete("iris", 1, etag=etag)
    etag = three.models.update("iris", description="one").etag
    three.models.update("iris", description="two", etag=etag)
    with pytest.raises(Aborted):
        three.models.update("iris", description="three", etag=etag)


@pytest.mark.parametrize(
    ("change", "says"), [({}, "nothing is to be changed"), ({"clear": ["files"]}, "can't clear files")]
)
def test_an_update_that_means_nothing_is_refused(client, change, says):
    with pytest.raises(InvalidArgument, match=says):
        client.versions.update("iris", 1, **change)


@pytest.mark.parametrize("metrics", [{"a": "b"}, {1: 1.0}, [1]])
def test_metrics_are_names_to_numbers(client, metrics):
    with pytest.raises(InvalidArgument) as caught:
        client.versions.update("iris", 1, metrics=metrics)
    assert caught.value.field == "metrics"


def test_best_names_its_end_and_a_missing_metric(three):
    assert three.versions.best("iris", "accuracy").version == 2
    assert three.versions.best("iris", "accuracy", "min").version == 3
    with pytest.raises(NotFound, match="'f1'"):
        three.versions.best("iris", "f1")
    with pytest.raises(InvalidArgument, match="take one of: max, min"):
        three.versions.best("iris", "accuracy", "highest")


def test_lists_take_a_filter_and_an_order(three, folder):
    three.push(folder, name="digits", framework="onnx", metrics={"accuracy": 0.99})
    found = three.versions.list(filter="metrics.accuracy > 0.95", order_by="metrics.accuracy desc")
    assert [(each.model, each.version) for each in found] == [("digits", 1), ("iris", 2)]
    assert [each.version for each in three.versions.list("iris", filter="framework = SKLEARN")] == [3, 2, 1]
    assert [model.name for model in three.models.list(prefix="ir")] == ["iris"]


def test_an_alias_moves_only_from_where_it_was(three):
    three.aliases.set("iris", "champion", 1, previous=0)
    three.aliases.set("iris", "champion", 2, previous=1)
    with pytest.raises(Aborted):
        three.aliases.set("iris", "champion", 3, previous=1)
    assert three.models.get("iris").aliases == {"champion": 2}
    assert three.versions.get("iris", alias="champion").version == 2
    three.aliases.delete("iris", "champion")
    with pytest.raises(NotFound):
        three.aliases.delete("iris", "champion")
    with pytest.raises(NotFound):
        three.versions.get("iris", alias="champion")


def test_tags_are_json_on_models_and_versions(three):
    three.tags.set("iris", "owners", {"a": [1, None, True]}, version=1)
    three.tags.set("iris", "team", "vision")
    assert three.versions.get("iris", 1).tags == {"owners": {"a": [1, None, True]}}
    assert three.models.get("iris").tags == {"team": "vision"}
    three.tags.delete("iris", "team")
    with pytest.raises(NotFound):
        three.tags.delete("iris", "team")


def test_tag_schemas_come_back_in_order(client):
    client.tags.schemas.set("team", {"type": "string"}, mandatory=True)
    client.tags.schemas.set("cost")
    assert [(each.name, each.json_schema, each.mandatory) for each in client.tags.schemas.list()] == [
        ("cost", None, False),
        ("team", {"type": "string"}, True),
    ]
    client.tags.schemas.delete("team")
    with pytest.raises(NotFound):
        client.tags.schemas.delete("team")


def test_what_is_in_use_stays_and_a_model_goes_last(three, stack):
    stack.registry.pinned["default", "iris", 1] = ["deployment shop"]
    with pytest.raises(FailedPrecondition, match="deployment shop") as caught:
        three.versions.delete("iris", 1)
    assert caught.value.reason == "VERSION_PINNED"
    stack.registry.pinned.clear()
    with pytest.raises(FailedPrecondition):
        three.models.delete("iris")
    for number in (1, 2, 3):
        three.versions.delete("iris", number)
    three.models.delete("iris")
    assert list(three.models.list()) == []


def test_garbage_is_shown_and_then_freed(client, stack):
    stack.registry.garbage = [pb.CollectGarbageResponse.Garbage(sha256="a" * 64, size_bytes=10)]
    shown = client.storage.collect_garbage(dry_run=True)
    assert shown == client.storage.collect_garbage(grace_s=1.5)
    assert (shown.count, shown.size_bytes, shown.garbage[0].sha256) == (1, 10, "a" * 64)
    assert client.storage.collect_garbage(grace_s=0).count == 0
    assert stack.registry.graces == [None, 1.5, 0]
