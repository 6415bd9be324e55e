"""`servery deploy`: from a registered model to one that answers."""

from typing import Annotated

import typer

from servery import Deployment
from servery.cli import _complete as complete
from servery.cli._output import Json, example, put_json, put_table, say
from servery.cli._session import client
from servery.client._convert import engines


def add_to(root: typer.Typer) -> None:
    """Mount the verb."""
    root.command(epilog=example("servery deploy iris", "servery deploy iris --version 2 --name irisNew --timeout 300"))(
        deploy
    )


def told(deployment: Deployment) -> None:
    """Tell a person where a deployment is on its way."""
    say(f"{deployment.state:<9} {deployment.reason}".rstrip())


def _engine(value: str) -> str:
    if value.lower() not in engines():
        raise typer.BadParameter(f"{value!r} is none of {', '.join(engines())}")
    return value.lower()


def deploy(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.", autocompletion=complete.model)],
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of the version; the latest if not given.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help='Name of the deployment; the model\'s, without "_" and "-", if not given.'),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE",
            help="One of " + ", ".join(engines()) + ".",
            callback=_engine,
            autocompletion=complete.engine,
        ),
    ] = "local",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it answers.")] = True,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait at most so long.")] = 120.0,
    json: Json = False,
) -> None:
    """Deploy a model and wait until it answers.

    Creates a deployment and starts it. One that serves the same version already is started.
    """
    with client(context) as hub:
        made = hub.deploy(model, version=version, name=name, engine=engine, wait=wait, timeout_s=timeout, progress=told)
    if json:
        put_json(made)
        return
    put_table(
        ("NAME", "STATE", "MODEL", "VERSION", "ENGINE"),
        [(made.name, made.state, made.model, made.model_version, made.engine)],
    )
