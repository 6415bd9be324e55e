"""The commands put together: global options, our own nouns and verbs, and what other distributions contribute."""

import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from servery.cli import deploy, deployments, models, predict, registry, status
from servery.cli._output import example, fail
from servery.cli._session import Session
from servery.errors import ServeryError

ENTRY_POINTS: Final = "servery.commands"
"""Entry-point group: the name is the command's, the object a function for typer or a Typer app."""

_CONTEXT: Final = {"help_option_names": ["-h", "--help"]}
_INSTALL_UP: Final = "`servery up` comes with the services: pip install servery"


def run() -> None:
    """Run the command line with the arguments of this process."""
    try:
        build(entry_points(group=ENTRY_POINTS))(prog_name="servery")
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        fail(f"{type(error).__name__}: {error}. This is a bug; `servery --debug …` shows where")
        raise SystemExit(1) from None


def build(contributed: Iterable[EntryPoint] = ()) -> typer.Typer:
    """The app with the commands of ours and of others; ours win where names meet."""
    app = typer.Typer(
        cls=_group({entry.name: entry for entry in contributed}),
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
        epilog=example(
            "servery up",
            "servery models push model/ --name iris --framework sklearn --metric accuracy=0.97",
            "servery deploy iris",
            """servery predict iris --data '{"instances": [[5.1, 3.5, 1.4, 0.2]]}'""",
        ),
    )
    app.callback()(_options)
    for part in (models, deploy, predict, deployments, registry, status):
        part.add_to(app)
    return app


def _options(
    context: typer.Context,
    registry: Annotated[
        str | None,
        typer.Option(envvar="SERVERY_REGISTRY", metavar="HOST:PORT", help="Registry; 127.0.0.1:8081 if not given."),
    ] = None,
    serving: Annotated[
        str | None,
        typer.Option(envvar="SERVERY_SERVING", metavar="HOST:PORT", help="Serving; 127.0.0.1:8082 if not given."),
    ] = None,
    inference: Annotated[
        str | None,
        typer.Option(envvar="SERVERY_INFERENCE", metavar="HOST:PORT", help="Inference; 127.0.0.1:8001 if not given."),
    ] = None,
    project: Annotated[
        str | None, typer.Option(envvar="SERVERY_PROJECT", metavar="NAME", help='Project; "default" if not given.')
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Register trained models, deploy them, and ask them for predictions."""
    context.obj = Session(registry=registry, serving=serving, inference=inference, project=project, debug=debug)


def _group(contributed: dict[str, EntryPoint]) -> type[TyperGroup]:
    class Commands(TyperGroup):
        """Turns errors of the services into one line, and loads contributed commands when they are wanted."""

        def list_commands(self, ctx: Any) -> list[str]:
            own = super().list_commands(ctx)
            return [*own, *sorted({*contributed, "up"} - {*own})]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            own = super().get_command(ctx, cmd_name)
            if own is not None:
                return own
            if cmd_name in contributed:
                return _load(contributed[cmd_name])
            return _command("up", _no_up, ignore_unknown_options=True) if cmd_name == "up" else None

        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except BrokenPipeError:
                raise  # the reader of our output has had enough; typer ends quietly
            except (ServeryError, OSError) as error:
                if ctx.params.get("debug"):
                    raise
                fail(str(error))
                raise typer.Exit(1) from None

    return Commands


def _load(entry: EntryPoint) -> Any:
    try:
        contributed = entry.load()
    except Exception as error:  # noqa: BLE001  # whatever it is, it must not take the other commands down
        of = entry.dist.name if entry.dist else entry.value
        message = f"the command {entry.name!r} of {of} can't be loaded: {type(error).__name__}: {error}"

        def broken() -> None:
            fail(message)
            raise typer.Exit(1)

        broken.__doc__ = f"(Can't be loaded: {type(error).__name__}.)"
        return _command(entry.name, broken)
    if isinstance(contributed, typer.Typer):
        command = typer.main.get_command(contributed)
        command.name = entry.name
        return command
    return _command(entry.name, contributed)


def _command(name: str, function: Any, **settings: Any) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, context_settings=_CONTEXT | settings)(function)
    return typer.main.get_command(app)


def _no_up(
    arguments: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,  # whatever is given, the answer is one
) -> None:
    """Start all services (needs the distribution servery)."""
    fail(_INSTALL_UP)
    raise typer.Exit(2)
