"""`servery predict`: ask a deployment."""

import json as jsonlib
import sys
from typing import Annotated

import typer

from servery.cli import _complete as complete
from servery.cli._given import json_text
from servery.cli._output import Json, example, put_json
from servery.cli._session import client


def add_to(root: typer.Typer) -> None:
    """Mount the verb."""
    root.command(
        epilog=example(
            """servery predict iris --data '{"instances": [[5.1, 3.5, 1.4, 0.2]]}'""",
            "servery predict iris --data @rows.json",
            "cat rows.json | servery predict iris --data -",
        )
    )(predict)


def predict(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the deployment.", autocompletion=complete.deployment)
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="JSON|@FILE|-", help='{"instances": rows} or {"inputs": columns}; from a file after @; - is stdin.'
        ),
    ],
    version: Annotated[int | None, typer.Option(min=1, metavar="N", help="Version that must answer.")] = None,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait at most so long.")] = 10.0,
    json: Json = False,
) -> None:
    """Ask a deployment for predictions.

    The answer to {"instances": …} is {"predictions": …}, one a row; to {"inputs": …} it is {"outputs": …}.
    """
    question = json_text(data, "--data")
    with client(context) as hub:
        answer = hub.predict(name, question, version=version, timeout_s=timeout)
    if json or not sys.stdout.isatty():
        put_json(answer)
    else:
        typer.echo(jsonlib.dumps(answer, indent=2, ensure_ascii=False))
