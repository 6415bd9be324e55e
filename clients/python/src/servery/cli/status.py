"""`servery status` and `servery version`: what is there."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

import typer

from servery.cli._output import Json, example, put_json, put_table, say
from servery.cli._session import client


def add_to(root: typer.Typer) -> None:
    """Mount the verbs."""
    root.command(epilog=example("servery status", "servery status --json"))(status)
    root.command(epilog=example("servery version"))(version)


def status(context: typer.Context, json: Json = False) -> None:
    """Tell whether the three services are up.

    The exit code is 1 when one is not.
    """
    with client(context) as hub:
        found = hub.status()
    if json:
        put_json(found)
    else:
        put_table(
            ("SERVICE", "ADDRESS", "STATE"),
            ((each.service, each.address, "SERVING" if each.serving else "DOWN") for each in found),
        )
        for each in found:
            if not each.serving:
                say(f"{each.service}: {each.reason}")
    if not all(each.serving for each in found):
        raise typer.Exit(1)


def version(json: Json = False) -> None:
    """Tell which versions are installed."""
    found = {name: _installed(name) for name in ("servery-client", "servery")}
    if json:
        put_json(found)
        return
    for name, number in found.items():
        typer.echo(f"{name} {number or '– not installed'}")


def _installed(name: str) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None
