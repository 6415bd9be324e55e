"""What the registry knows of models and versions besides their files, whichever way it is run."""

import asyncio

import pytest

from servery.errors import Aborted, InvalidArgument, NotFound
from servery_registry.domain.listing import Window
from servery_registry.domain.model_schema import Column, ModelSchema, Schema, Tensor
from servery_registry.domain.provenance import Provenance
from servery_registry.domain.version import Framework, Version, VersionChange
from tests.contracts.registries import RUNNERS, Registry, Runner
from tests.contracts.registry_material import (
    PROJECT,
    WHO,
    new_model,
    new_request_id,
    new_version,
    pending_version,
    ready_version,
    upload,
)

EXAMPLE = '{"rows" : [ [1.0, 1e2, 12345678901234567890123, -0.10] ],\n "größe": "\\u0000" }'
SCHEMA = ModelSchema(
    input=Schema(columns=(Column(name="größe", type="float64", description="in cm"), Column(type="string"))),
    output=Schema(tensors=(Tensor(name="label", type="int64", shape=(-1, 3)), Tensor(type="float32", shape=(2**40,)))),
)
PROVENANCE = Provenance(
    program="train.py@c0ffee",
    environment="python:3.11",
    training_dataset="iris",
    training_dataset_version=2,
    feature_view="flowers",
    feature_view_version=7,
    links={"notebook": "https://example.com/n", "größe": "–"},
)


@pytest.fixture(params=RUNNERS)
def runner(request, tmp_path) -> Runner:
    return RUNNERS[request.param](tmp_path)


@pytest.fixture
async def registry(runner):
    async with runner.open() as registry:
        yield registry


async def with_metrics(registry: Registry, *metrics: dict[str, float], ready: bool = True) -> list[Version]:
    """Versions 1, 2, 3 … of the model iris with these metrics."""
    versions = []
    for given in metrics:
        version = await registry.versions.create(new_version(metrics=given), creator=WHO)
        await upload(registry, version, b"content")
        if ready:
            version = await registry.versions.finalize(PROJECT, "iris", version.number)
        versions.append(version)
    return versions


async def test_what_is_said_of_a_version_is_kept(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    new = new_version(input_example=EXAMPLE, schema=SCHEMA, provenance=PROVENANCE)
    made = await registry.versions.create(new, creator=WHO)
    assert (made.input_example, made.schema, made.provenance) == (EXAMPLE, SCHEMA, PROVENANCE)
    assert await registry.versions.get(PROJECT, "iris", 1, show_pending=True) == made
    assert (await registry.versions.list(PROJECT, "iris", Window(), show_pending=True)).items == [made]


async def test_a_version_of_which_nothing_is_said_has_nothing(registry: Registry):
    made = await pending_version(registry)
    assert (made.input_example, made.schema, made.provenance) == ("", ModelSchema(), Provenance())
    assert (made.aliases, made.tags, made.missing_mandatory_tags) == ((), {}, ())


async def test_a_create_request_with_another_example_is_another_request(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    request_id, new = new_request_id(), new_version(input_example="[1]", schema=SCHEMA, provenance=PROVENANCE)
    made = await registry.versions.create(new, creator=WHO, request_id=request_id)
    assert await registry.versions.create(new, creator=WHO, request_id=request_id) == made
    with pytest.raises(InvalidArgument) as caught:
        await registry.versions.create(
            new_version(input_example="[1.0]", schema=SCHEMA, provenance=PROVENANCE), creator=WHO, request_id=request_id
        )
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_long_examples_fit_in_pages(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    example = '"' + "x" * (1024 * 1024 - 2) + '"'
    for _ in range(5):
        await registry.versions.create(new_version(input_example=example), creator=WHO)
    seen, after, more = [], None, True
    while more:
        page = await registry.versions.list(PROJECT, "iris", Window(after=after), show_pending=True)
        assert 1 <= len(page.items) < 5
        assert all(version.input_example == example for version in page.items)
        seen += [version.number for version in page.items]
        after, more = seen[-1], page.more
    assert seen == [5, 4, 3, 2, 1]


async def test_the_description_of_a_model_changes(registry: Registry):
    made = await registry.models.create(new_model(description="old"), creator=WHO)
    changed = await registry.models.update(PROJECT, "iris", description="new", etag=made.etag)
    assert (changed.description, changed.create_time) == ("new", made.create_time)
    assert changed.etag != made.etag
    assert changed.update_time >= made.update_time
    assert await registry.models.get(PROJECT, "iris") == changed
    assert await registry.models.update(PROJECT, "iris", description="new") == changed
    assert (await registry.models.update(PROJECT, "iris", description="")).description == ""


async def test_a_model_that_has_changed_is_not_changed_unseen(registry: Registry):
    made = await registry.models.create(new_model(), creator=WHO)
    changed = await registry.models.update(PROJECT, "iris", description="theirs")
    with pytest.raises(Aborted) as caught:
        await registry.models.update(PROJECT, "iris", description="mine", etag=made.etag)
    assert caught.value.reason == "ETAG_MISMATCH"
    assert await registry.models.get(PROJECT, "iris") == changed
    with pytest.raises(NotFound):
        await registry.models.update(PROJECT, "rose", description="mine")


@pytest.mark.parametrize("ready", [True, False], ids=["ready", "pending"])
async def test_what_is_said_of_a_version_changes_and_its_files_do_not(registry: Registry, ready):
    model = await registry.models.create(new_model(), creator=WHO)
    (made,) = await with_metrics(registry, {"loss": 1.0, "accuracy": 0.5}, ready=ready)
    change = VersionChange(
        description="new", metrics={"loss": 0.5}, input_example=EXAMPLE, schema=SCHEMA, provenance=PROVENANCE
    )
    changed = await registry.versions.update(PROJECT, "iris", 1, change, etag=made.etag if ready else "")
    assert (changed.description, changed.metrics, changed.input_example) == ("new", {"loss": 0.5}, EXAMPLE)
    assert (changed.schema, changed.provenance) == (SCHEMA, PROVENANCE)
    assert changed.etag != made.etag
    assert (changed.id, changed.state, changed.framework, changed.file_count, changed.size_bytes) == (
        made.id,
        made.state,
        made.framework,
        1,
        7,
    )
    assert await registry.versions.get(PROJECT, "iris", 1, show_pending=True) == changed
    now = await registry.models.get(PROJECT, "iris")
    assert (now.update_time == changed.update_time) is ready
    assert (now.etag == model.etag) is not ready


async def test_a_change_leaves_the_rest(registry: Registry):
    await registry.models.create(new_model(), creator=WHO)
    new = new_version(
        description="old", metrics={"loss": 1.0}, input_example="[1]", schema=SCHEMA, provenance=PROVENANCE
    )
    await registry.versions.create(new, creator=WHO)
    changed = await registry.versions.update(PROJECT, "iris", 1, VersionChange(description="new"))
    assert (changed.metrics, changed.input_example, changed.schema) == ({"loss": 1.0}, "[1]", SCHEMA)
    emptied = await registry.versions.update(
        PROJECT, "iris", 1, VersionChange(metrics={}, input_example="", schema=ModelSchema(), provenance=Provenance())
    )
    assert (emptied.metrics, emptied.input_example, emptied.schema) == ({}, "", ModelSchema())
    assert (emptied.provenance, emptied.description) == (Provenance(), "new")
    assert await registry.versions.get(PROJECT, "iris", 1, show_pending=True) == emptied


async def test_a_change_to_what_is_there_is_none(registry: Registry):
    made = await ready_version(registry, {"model.joblib": b"content"})
    assert await registry.versions.update(PROJECT, "iris", 1, VersionChange(description="")) == made
    assert await registry.versions.update(PROJECT, "iris", 1, VersionChange()) == made


async def test_a_version_that_has_changed_is_not_changed_unseen(registry: Registry):
    made = await ready_version(registry, {"model.joblib": b"content"})
    changed = await registry.versions.update(PROJECT, "iris", 1, VersionChange(description="theirs"))
    with pytest.raises(Aborted) as caught:
        await registry.versions.update(PROJECT, "iris", 1, VersionChange(description="mine"), etag=made.etag)
    assert caught.value.reason == "ETAG_MISMATCH"
    assert await registry.versions.get(PROJECT, "iris", 1) == changed
    for model, number in (("iris", 2), ("rose", 1)):
        with pytest.raises(NotFound):
            await registry.versions.update(PROJECT, model, number, VersionChange(description="mine"))


async def test_of_writers_with_one_etag_exactly_one_wins(registry: Registry):
    made = await ready_version(registry, {"model.joblib": b"content"})
    calls = [
        registry.versions.update(PROJECT, "iris", 1, VersionChange(description=f"mine {n}"), etag=made.etag)
        for n in range(8)
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    (winner,) = [answer for answer in answers if isinstance(answer, Version)]
    assert sum(isinstance(answer, Aborted) for answer in answers) == 7
    assert await registry.versions.get(PROJECT, "iris", 1) == winner


async def test_the_framework_stays(registry: Registry):
    await ready_version(registry, {"model.joblib": b"content"})
    with pytest.raises(InvalidArgument) as caught:
        await registry.versions.update(PROJECT, "iris", 1, VersionChange(description="new", framework=Framework.ONNX))
    assert (caught.value.field, caught.value.reason) == ("version.framework", "FRAMEWORK_IMMUTABLE")
    same = VersionChange(description="new", framework=Framework.SKLEARN)
    assert (await registry.versions.update(PROJECT, "iris", 1, same)).description == "new"


@pytest.mark.parametrize(
    ("metric", "highest", "number"),
    [
        ("accuracy", True, 3),
        ("accuracy", False, 4),
        ("loss", True, 1),
        ("loss", False, 1),
        ("zero", True, 5),
        ("zero", False, 5),
        ("größe \"%.'$[0]", True, 2),
    ],
)
async def test_the_best_version_is_the_newest_of_the_best(registry: Registry, metric, highest, number):
    await registry.models.create(new_model(), creator=WHO)
    await registry.models.create(new_model("rose"), creator=WHO)
    metrics: list[dict[str, float]] = [
        {"accuracy": 0.5, "loss": 1.0},
        {"accuracy": 0.75, "größe \"%.'$[0]": 1.0},
        {"accuracy": 0.75},
        {"accuracy": -1e300, "zero": 0.0},
        {"zero": -0.0},
    ]
    await with_metrics(registry, *metrics)
    await with_metrics(registry, {"accuracy": 1.0, "loss": 2.0, "zero": 1.0}, ready=False)  # not READY: not counted
    best = await registry.versions.best(PROJECT, "iris", metric, highest=highest)
    assert best == await registry.versions.get(PROJECT, "iris", number)


async def test_without_the_metric_there_is_no_best_version(registry: Registry):
    with pytest.raises(NotFound) as caught:
        await registry.versions.best(PROJECT, "iris", "accuracy", highest=True)
    assert caught.value.reason == "MODEL_NOT_FOUND"
    await registry.models.create(new_model(), creator=WHO)
    await with_metrics(registry, {"accuracy": 1.0}, ready=False)
    await with_metrics(registry, {"loss": 1.0})
    with pytest.raises(NotFound) as caught:
        await registry.versions.best(PROJECT, "iris", "accuracy", highest=True)
    assert (caught.value.reason, caught.value.resource_name) == ("METRIC_NOT_FOUND", "accuracy")
    assert "accuracy" in str(caught.value)
