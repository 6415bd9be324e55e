"""`servery models …`: register models and look at them."""

from pathlib import Path
from typing import Annotated

import typer

from servery import Model, Version
from servery.cli import _complete as complete
from servery.cli._bars import Bars
from servery.cli._output import Json, example, metrics, put_facts, put_json, put_table, say, size
from servery.cli._session import client
from servery.client._convert import frameworks

app = typer.Typer(no_args_is_help=True, help="Register trained models and look at them.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.", autocompletion=complete.model)]
Number = Annotated[
    int | None, typer.Option("--version", min=1, metavar="N", help="Number of the version; the latest if not given.")
]


def add_to(root: typer.Typer) -> None:
    """Mount the noun."""
    root.add_typer(app, name="models", epilog=example("servery models list", "servery models show iris"))


def _framework(value: str) -> str:
    if value.lower() not in frameworks():
        raise typer.BadParameter(f"{value!r} is none of {', '.join(frameworks())}")
    return value.lower()


def _metrics(values: list[str]) -> dict[str, float]:
    given: dict[str, float] = {}
    for value in values:
        name, _, number = value.rpartition("=")
        try:
            given[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(f"{value!r} is not NAME=NUMBER, as in accuracy=0.97", param_hint="--metric")
    return given


@app.command(
    epilog=example(
        "servery models push model/ --name iris --framework sklearn --metric accuracy=0.97",
        "servery models push digits.onnx --name digits --framework onnx --description 'second try'",
    )
)
def push(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, help="Folder with the model's files, or one file.")
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the model; created if there is none.")],
    framework: Annotated[
        str,
        typer.Option(
            metavar="FRAMEWORK",
            help="One of " + ", ".join(frameworks()) + ".",
            callback=_framework,
            autocompletion=complete.framework,
        ),
    ],
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of the version; the next if not given.")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(metavar="NAME=NUMBER", help="A metric; may be repeated.")] = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="Free text about this version.")] = "",
    json: Json = False,
) -> None:
    """Register a trained model as a new version.

    All files of the folder are uploaded. Others see the version when everything is there and verified, not before.
    """
    given = _metrics(metric or [])
    with client(context) as hub, Bars() as bars:
        made = hub.push(
            path, name=name, framework=framework, version=version, metrics=given, description=description, progress=bars
        )
    if json:
        put_json(made)
        return
    _show_version(made)
    say(f"Version {made.version} of {made.model} is registered. Deploy it: servery deploy {made.model}")


@app.command("list", epilog=example("servery models list", "servery models list --json"))
def list_(context: typer.Context, json: Json = False) -> None:
    """List the models of the project."""
    with client(context) as hub:
        models = list(hub.models.list())
    if json:
        put_json(models)
        return
    put_table(
        ("NAME", "LATEST", "UPDATED", "DESCRIPTION"),
        ((each.name, each.latest_version or "–", each.update_time, each.description) for each in models),
    )
    if not models:
        say("No models yet. Register one: servery models push --help")


@app.command(epilog=example("servery models show iris", "servery models show iris --version 2 --json"))
def show(context: typer.Context, name: Name, version: Number = None, json: Json = False) -> None:
    """Show a model and its versions, or one version of it."""
    with client(context) as hub:
        if version is not None:
            one = hub.versions.get(name, version)
            put_json(one) if json else _show_version(one)
            return
        model, versions = hub.models.get(name), list(hub.versions.list(name))
    if json:
        put_json({"model": model, "versions": versions})
        return
    _show_model(model, versions)


@app.command(epilog=example("servery models files iris", "servery models files iris --version 2"))
def files(context: typer.Context, name: Name, version: Number = None, json: Json = False) -> None:
    """List the files of a version."""
    with client(context) as hub:
        found = list(hub.files.list(name, version))
    if json:
        put_json(found)
        return
    put_table(("PATH", "SIZE", "SHA256"), ((each.path, size(each.size_bytes), each.sha256) for each in found))


@app.command(epilog=example("servery models pull iris", "servery models pull iris --version 2 --to model/"))
def pull(
    context: typer.Context,
    name: Name,
    version: Number = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to; NAME-VERSION here if not given.")
    ] = None,
    json: Json = False,
) -> None:
    """Download the files of a version.

    They are verified: each file is there whole, or not at all.
    """
    with client(context) as hub, Bars() as bars:
        folder = hub.pull(name, version, to, progress=bars)
    if json:
        put_json({"folder": str(folder)})
    else:
        typer.echo(folder)


def _show_model(model: Model, versions: list[Version]) -> None:
    put_facts(
        [
            ("Name", model.name),
            ("Project", model.project),
            ("Description", model.description),
            ("Created", model.create_time),
            ("By", model.creator),
        ]
    )
    typer.echo()
    put_table(
        ("VERSION", "STATE", "FRAMEWORK", "METRICS", "FILES", "SIZE", "CREATED"),
        (
            (v.version, v.state, v.framework, metrics(v.metrics), v.file_count, size(v.size_bytes), v.create_time)
            for v in versions
        ),
    )


def _show_version(version: Version) -> None:
    put_facts(
        [
            ("Model", version.model),
            ("Version", version.version),
            ("State", version.state),
            ("Framework", version.framework),
            ("Metrics", metrics(version.metrics)),
            ("Description", version.description),
            ("Files", f"{version.file_count}, {size(version.size_bytes)}"),
            ("Created", version.create_time),
            ("By", version.creator),
        ]
    )
