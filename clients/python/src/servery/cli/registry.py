"""`servery registry …`: care of the registry itself."""

from typing import Annotated

import typer

from servery.cli._output import Json, example, put_json, put_table, say, size
from servery.cli._session import client

app = typer.Typer(no_args_is_help=True, help="Take care of the registry.", rich_markup_mode=None)


def add_to(root: typer.Typer) -> None:
    """Mount the noun."""
    root.add_typer(app, name="registry", epilog=example("servery registry gc --dry-run"))


@app.callback()
def _registry() -> None:
    """Take care of the registry."""  # a noun with one verb is a noun still


@app.command(epilog=example("servery registry gc --dry-run", "servery registry gc --grace 3600"))
def gc(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Free nothing; show what would be.")] = False,
    grace: Annotated[
        float | None,
        typer.Option(min=0, metavar="SECONDS", help="Leave what is younger; 24 h if the service is not set otherwise."),
    ] = None,
    json: Json = False,
) -> None:
    """Free the bytes that no version names. Safe beside running uploads."""
    with client(context) as hub:
        found = hub.storage.collect_garbage(dry_run=dry_run, grace_s=grace)
    if json:
        put_json(found)
        return
    if found.garbage:
        put_table(
            ("KIND", "NAME", "SIZE"),
            (
                ("content" if each.sha256 else "upload", each.sha256 or each.upload_id, size(each.size_bytes))
                for each in found.garbage
            ),
        )
    say(f"{found.count} things of {size(found.size_bytes)} {'would be' if dry_run else 'are'} freed.")
