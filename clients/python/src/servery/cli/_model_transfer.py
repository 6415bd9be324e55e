"""`servery models push` and `pull`."""

from pathlib import Path
from typing import Annotated

import typer

from servery.cli import _complete as complete
from servery.cli import _given as given
from servery.cli._bars import Bars
from servery.cli._model_options import Alias, Name, Number
from servery.cli._model_view import show_version
from servery.cli._output import Json, example, put_json, say
from servery.cli._session import client
from servery.client._convert import frameworks
from servery.client._crew import MOST, PARALLEL

Parallel = Annotated[int, typer.Option(min=1, max=MOST, metavar="N", help="So many files at once.")]


def add_push(app: typer.Typer) -> None:
    """Mount push."""
    app.command(
        epilog=example(
            "servery models push model/ --name iris --framework sklearn --metric accuracy=0.97",
            "servery models push digits.onnx --name digits --framework onnx --description 'second try'",
            "servery models push iris.onnx --name iris --framework onnx --tag level=3 --alias champion",
        )
    )(push)


def add_pull(app: typer.Typer) -> None:
    """Mount pull."""
    app.command(
        epilog=example(
            "servery models pull iris",
            "servery models pull iris --version 2 --to model/",
            "servery models pull iris --alias champion",
        )
    )(pull)


def _framework(value: str) -> str:
    if value.lower() not in frameworks():
        raise typer.BadParameter(f"{value!r} is none of {', '.join(frameworks())}")
    return value.lower()


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
    input_example: Annotated[
        str | None, typer.Option(metavar="JSON|@FILE|-", help="What a request may look like.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option(metavar="JSON|@FILE|-", help='What it takes and gives: {"input": …, "output": …}.')
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="NAME=JSON", help="A tag; may be repeated.")] = None,
    alias: Annotated[
        list[str] | None, typer.Option(metavar="ALIAS", help="An alias to move to it; may be repeated.")
    ] = None,
    parallel: Parallel = PARALLEL,
    json: Json = False,
) -> None:
    """Register a trained model as a new version.

    All files of the folder are uploaded. Others see the version when everything is there and verified, not before.
    After Ctrl-C the same command goes on with the upload.
    """
    metrics, tags = given.metrics(metric), given.tags(tag)
    shape = given.schema(schema)
    sample = None if input_example is None else given.json_text(input_example, "--input-example")
    with client(context) as hub, Bars() as bars:
        made = hub.push(
            path,
            name=name,
            framework=framework,
            version=version,
            metrics=metrics,
            description=description,
            input_example=sample,
            schema=shape,
            tags=tags,
            aliases=alias or [],
            parallel=parallel,
            progress=bars,
        )
    if json:
        put_json(made)
        return
    show_version(made)
    if made.state == "READY":
        say(f"Version {made.version} of {made.model} is registered. Deploy it: servery deploy {made.model}")
    else:
        say(f"Version {made.version} of {made.model} is {made.state}, and can't be deployed; see what was found in it.")


def pull(
    context: typer.Context,
    name: Name,
    version: Number = None,
    alias: Alias = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to; NAME-VERSION here if not given.")
    ] = None,
    parallel: Parallel = PARALLEL,
    json: Json = False,
) -> None:
    """Download the files of a version.

    They are verified: each file is there whole, or not at all.
    """
    with client(context) as hub, Bars() as bars:
        folder = hub.pull(name, version, to, alias=alias, parallel=parallel, progress=bars)
    if json:
        put_json({"folder": str(folder)})
    else:
        typer.echo(folder)
