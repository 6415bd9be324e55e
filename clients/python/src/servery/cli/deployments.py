"""`servery deployments …`: look at what is deployed, start it, stop it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from servery import Deployment
from servery.cli import _complete as complete
from servery.cli._output import Json, example, put_facts, put_json, put_table, say
from servery.cli._session import client
from servery.cli.deploy import told

app = typer.Typer(no_args_is_help=True, help="Look at what is deployed, start it, stop it.", rich_markup_mode=None)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the deployment.", autocompletion=complete.deployment)
]
_HEADS = ("NAME", "STATE", "MODEL", "VERSION", "ENGINE", "REASON")


def add_to(root: typer.Typer) -> None:
    """Mount the noun."""
    root.add_typer(app, name="deployments", epilog=example("servery deployments list", "servery deployments show iris"))


@app.command("list", epilog=example("servery deployments list", "servery deployments list --json"))
def list_(context: typer.Context, json: Json = False) -> None:
    """List the deployments of the project."""
    with client(context) as hub:
        found = list(hub.deployments.list())
    if json:
        put_json(found)
        return
    put_table(_HEADS, (_row(each) for each in found))
    if not found:
        say("No deployments yet. Make one: servery deploy MODEL")


@app.command(epilog=example("servery deployments show iris"))
def show(context: typer.Context, name: Name, json: Json = False) -> None:
    """Show a deployment: what is wished for, how it is, and why."""
    with client(context) as hub:
        found = hub.deployments.get(name)
    if json:
        put_json(found)
        return
    put_facts(
        [
            ("Name", found.name),
            ("Project", found.project),
            ("Description", found.description),
            ("Model", f"{found.model}, version {found.model_version}"),
            ("Engine", found.engine),
            ("State", found.state),
            ("Reason", found.reason),
            ("Created", found.create_time),
            ("By", found.creator),
        ]
    )
    if found.conditions:
        typer.echo()
        put_table(
            ("CONDITION", "STATUS", "SINCE", "REASON"),
            ((each.type, each.status, each.last_transition_time, each.reason) for each in found.conditions),
        )


@app.command(epilog=example("servery deployments start iris", "servery deployments start iris --no-wait"))
def start(
    context: typer.Context,
    name: Name,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it answers.")] = True,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait at most so long.")] = 120.0,
    json: Json = False,
) -> None:
    """Start a deployment that was stopped."""
    with client(context) as hub:
        found = hub.deployments.start(name)
        if wait:
            found = hub.deployments.wait(name, timeout, on_change=told)
    put_json(found) if json else put_table(_HEADS, [_row(found)])


@app.command(epilog=example("servery deployments stop iris"))
def stop(context: typer.Context, name: Name, json: Json = False) -> None:
    """Stop a deployment; it stays, and can be started again."""
    with client(context) as hub:
        found = hub.deployments.stop(name)
    put_json(found) if json else put_table(_HEADS, [_row(found)])


@app.command(epilog=example("servery deployments delete iris", "servery deployments delete iris --force"))
def delete(
    context: typer.Context,
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Delete it also while it is started.")] = False,
) -> None:
    """Remove a deployment. The model stays in the registry."""
    with client(context) as hub:
        hub.deployments.delete(name, force=force)
    say(f"Deployment {name} is deleted.")


@app.command(epilog=example("servery deployments watch iris", "servery deployments watch iris --json --timeout 60"))
def watch(
    context: typer.Context,
    name: Name,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="End after so long; otherwise with Ctrl-C.")
    ] = None,
    json: Json = False,
) -> None:
    """Follow a deployment, a line for each change.

    Begins with how it is now, and ends when it is deleted.
    """
    with client(context) as hub:
        for each in hub.deployments.watch(name, timeout_s=timeout):
            if json:
                put_json(each)
            else:
                typer.echo(f"{datetime.now(UTC).astimezone():%H:%M:%S} {each.state:<9} {each.reason}".rstrip())


def _row(deployment: Deployment) -> tuple[object, ...]:
    return (
        deployment.name,
        deployment.state,
        deployment.model,
        deployment.model_version,
        deployment.engine,
        deployment.reason,
    )
