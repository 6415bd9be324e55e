"""Models and versions as people see them."""

import json
from collections.abc import Iterable
from typing import Any

import typer

from servery import Model, ModelSchema, Schema, Version
from servery.cli._output import metrics, put_facts, put_table, size


def show_model(model: Model, versions: Iterable[Version]) -> None:
    """Facts of a model, and a table of its versions."""
    put_facts(
        [
            ("Name", model.name),
            ("Project", model.project),
            ("Description", model.description),
            ("Aliases", " ".join(f"{alias}={number}" for alias, number in model.aliases.items())),
            ("Tags", _tags(model.tags)),
            ("Created", model.create_time),
            ("By", model.creator),
        ]
    )
    typer.echo()
    put_table(
        ("VERSION", "STATE", "FRAMEWORK", "METRICS", "FILES", "SIZE", "CREATED", "ALIASES"),
        (
            (
                v.version,
                v.state,
                v.framework,
                metrics(v.metrics),
                v.file_count,
                size(v.size_bytes),
                v.create_time,
                " ".join(v.aliases),
            )
            for v in versions
        ),
    )


def show_versions(versions: Iterable[Version]) -> None:
    """A table of versions of several models."""
    put_table(
        ("MODEL", "VERSION", "STATE", "FRAMEWORK", "METRICS", "SIZE", "CREATED", "ALIASES"),
        (
            (
                v.model,
                v.version,
                v.state,
                v.framework,
                metrics(v.metrics),
                size(v.size_bytes),
                v.create_time,
                " ".join(v.aliases),
            )
            for v in versions
        ),
    )


def show_version(version: Version) -> None:
    """Facts of a version, and what was found in its files."""
    put_facts([("Model", version.model), ("Version", version.version), *facts(version)])
    if version.scan is not None and version.scan.findings:
        typer.echo()
        put_table(
            ("FOUND IN", "FORMAT", "VERDICT", "TEXT"),
            ((each.path, each.format, each.verdict, each.text) for each in version.scan.findings),
        )


def facts(version: Version) -> list[tuple[str, object]]:
    """What is known of a version, without its name and number."""
    schema, provenance = version.schema or ModelSchema(), version.provenance
    links = {} if provenance is None else provenance.links
    training = "" if provenance is None else _numbered(provenance.training_dataset, provenance.training_dataset_version)
    view = "" if provenance is None else _numbered(provenance.feature_view, provenance.feature_view_version)
    return [
        ("State", version.state),
        ("Framework", version.framework),
        ("Metrics", metrics(version.metrics)),
        ("Description", version.description),
        ("Aliases", " ".join(version.aliases)),
        ("Tags", _tags(version.tags)),
        ("Missing tags", " ".join(version.missing_mandatory_tags)),
        ("Files", f"{version.file_count}, {size(version.size_bytes)}"),
        ("Manifest", version.manifest_sha256),
        ("Scan", "" if version.scan is None else f"{version.scan.verdict} ({version.scan.scanner})"),
        ("Input", _side(schema.input)),
        ("Output", _side(schema.output)),
        ("Example", "" if version.input_example is None else _short(version.input_example)),
        ("Program", "" if provenance is None else provenance.program),
        ("Environment", "" if provenance is None else provenance.environment),
        ("Trained on", training),
        ("Feature view", view),
        *((f"Link {name}", target) for name, target in links.items()),
        ("Created", version.create_time),
        ("By", version.creator),
    ]


def _tags(tags: Any) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in tags.items())


def _side(schema: Schema | None) -> str:
    if schema is None:
        return ""
    columns = [f"{c.name or n}: {c.type}" for n, c in enumerate(schema.columns)]
    tensors = [f"{t.name or n}: {t.type}{list(t.shape)}" for n, t in enumerate(schema.tensors)]
    return ", ".join(columns + tensors)


def _numbered(name: str, number: int) -> str:
    return f"{name}, version {number}".removeprefix(", ") if number else name


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:199] + "…"
