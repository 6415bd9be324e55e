"""Arguments that several commands of `servery models` take."""

from typing import Annotated

import typer

from servery.cli import _complete as complete

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the model.", autocompletion=complete.model)]
Number = Annotated[
    int | None, typer.Option("--version", min=1, metavar="N", help="Number of the version; the latest if not given.")
]
Alias = Annotated[str | None, typer.Option("--alias", metavar="ALIAS", help="The version that this alias names.")]
Certain = Annotated[int, typer.Option("--version", min=1, metavar="N", help="Number of the version.")]
Either = Annotated[
    int | None,
    typer.Option("--version", min=1, metavar="N", help="Number of the version; the model itself if not given."),
]
