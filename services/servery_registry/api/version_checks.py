"""What the metadata of a version must be. Pure; each raises InvalidArgument with the field."""

import math
from collections.abc import Mapping

import servery.registry.v1 as pb
from servery.errors import InvalidArgument
from servery_registry.api import checks
from servery_registry.api.masks import masked
from servery_registry.domain.alias import LATEST
from servery_registry.domain.json_text import MAX_INPUT_EXAMPLE_BYTES, json_problem
from servery_registry.domain.model_schema import MAX_SCHEMA_BYTES, MAX_TERM
from servery_registry.domain.provenance import MAX_LINKS, MAX_TEXT
from servery_registry.domain.version import MAX_METRIC_NAME, MAX_METRICS

UPDATABLE = ("description", "metrics", "input_example", "schema", "provenance")


def create_version(request: pb.CreateVersionRequest) -> None:
    checks.create_version(request)
    metrics(request.metrics, "metrics")
    input_example(request.input_example, "input_example")
    model_schema(request.schema, "schema")
    provenance(request.provenance, "provenance")


def update_version(request: pb.UpdateVersionRequest) -> None:
    version = request.version
    checks.project(version.project, "version.project")
    checks.name(version.model, "version.model")
    checks.number(version.version, "version.version", required=True)
    fields = masked(request.update_mask, version, UPDATABLE)
    if version.framework:
        checks.framework(version.framework, "version.framework")
    if "description" in fields:
        checks.description(version.description, "version.description")
    if "metrics" in fields:
        metrics(version.metrics, "version.metrics")
    if "input_example" in fields:
        input_example(version.input_example, "version.input_example")
    if "schema" in fields:
        model_schema(version.schema, "version.schema")
    if "provenance" in fields:
        provenance(version.provenance, "version.provenance")


def get_version(request: pb.GetVersionRequest) -> None:
    checks.get_version(request)
    if request.alias:
        if request.version:
            raise InvalidArgument("give a number or an alias, not both", field="alias")
        if request.alias != LATEST:
            checks.alias(request.alias)


def get_best_version(request: pb.GetBestVersionRequest) -> None:
    checks.project(request.project)
    checks.name(request.model, "model")
    metric_name(request.metric, "metric")
    directions = pb.GetBestVersionRequest.Direction
    if request.direction not in set(directions.values()) - {pb.GetBestVersionRequest.DIRECTION_UNSPECIFIED}:
        raise InvalidArgument(
            f"direction {request.direction} is not one; choose from {', '.join(directions.keys()[1:])}",
            field="direction",
        )


def metrics(given: Mapping[str, float], field: str) -> None:
    if len(given) > MAX_METRICS:
        raise InvalidArgument(
            f"a version has at most {MAX_METRICS} metrics, not {len(given)}; keep the telling ones", field=field
        )
    for metric, value in given.items():
        at = f'{field}["{metric[:64]}"]'
        metric_name(metric, at)
        if not math.isfinite(value):
            raise InvalidArgument(f"{at} is {value}; leave out a metric that has no finite value", field=at)


def metric_name(given: str, field: str) -> None:
    if not 1 <= len(given) <= MAX_METRIC_NAME:
        raise InvalidArgument(f"a metric's name must have 1 to {MAX_METRIC_NAME} characters", field=field)
    checks.no_nul(given, field)


def input_example(given: str, field: str) -> None:
    if given and (problem := json_problem(given, MAX_INPUT_EXAMPLE_BYTES)):
        raise InvalidArgument(f"{field} {problem}", field=field)


def model_schema(given: pb.ModelSchema, field: str) -> None:
    if given.ByteSize() > MAX_SCHEMA_BYTES:
        raise InvalidArgument(
            f"{field} must be at most {MAX_SCHEMA_BYTES} bytes, is {given.ByteSize()}; shorten the descriptions",
            field=field,
        )
    _schema(given.input, f"{field}.input")
    _schema(given.output, f"{field}.output")


def _schema(given: pb.Schema, field: str) -> None:
    if given.columns and given.tensors:
        raise InvalidArgument(f"{field} has columns and tensors; give one of the two", field=field)
    for position, column in enumerate(given.columns):
        _entry(column, f"{field}.columns[{position}]")
    for position, tensor in enumerate(given.tensors):
        at = f"{field}.tensors[{position}]"
        _entry(tensor, at)
        if not tensor.shape:
            raise InvalidArgument(
                f"mandatory shape missing from {at} {tensor.name[:64]!r}; give the sizes of its dimensions,"
                " -1 where any goes",
                field=f"{at}.shape",
            )
        if min(tensor.shape) < -1:
            raise InvalidArgument(
                f"{at}.shape holds {min(tensor.shape)}; a size is at least 0, or -1 where any goes", field=f"{at}.shape"
            )


def _entry(given: pb.Column | pb.TensorSchema, at: str) -> None:
    if not given.type:
        raise InvalidArgument(
            f'mandatory type missing from {at} {given.name[:64]!r}; name it as your library does, such as "float64"',
            field=f"{at}.type",
        )
    checks.text(given.type, f"{at}.type", MAX_TERM)
    checks.text(given.name, f"{at}.name", MAX_TERM)
    checks.description(given.description, f"{at}.description")


def provenance(given: pb.Provenance, field: str) -> None:
    for name in ("program", "environment", "training_dataset", "feature_view"):
        checks.text(getattr(given, name), f"{field}.{name}", MAX_TEXT)
    for name in ("training_dataset_version", "feature_view_version"):
        checks.number(getattr(given, name), f"{field}.{name}")
    if len(given.links) > MAX_LINKS:
        raise InvalidArgument(
            f"provenance has at most {MAX_LINKS} links, not {len(given.links)}; keep the telling ones",
            field=f"{field}.links",
        )
    for name, link in given.links.items():
        at = f'{field}.links["{name[:64]}"]'
        if not name:
            raise InvalidArgument("a link must have a name", field=at)
        checks.text(name, at, MAX_TEXT)
        checks.text(link, at, MAX_TEXT)
