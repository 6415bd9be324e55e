"""`servery up`: start all services on this machine, and stay until Ctrl-C."""

import asyncio
import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from servery_kit.config import ConfigError
from servery_up import session
from servery_up.companion import Companion
from servery_up.output import Output, colour_wanted
from servery_up.panel import show
from servery_up.program import CannotStart
from servery_up.services import Services, services
from servery_up.stack import NotHealthy


class LogLevel(StrEnum):
    """Least level of the log lines that are shown."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def up(
    *,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Folder of all state; made when it is not there. Default: SERVERY_HOME, else ~/.servery.",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Train, deploy and ask two small models, when the registry is empty.")
    ] = False,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(
            case_sensitive=False,
            help="Least level that the services log. Default: SERVERY_LOG_LEVEL, else INFO.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Start registry, serving and inference on this machine.

    Stays in the foreground, shows what the services log, starts one again
    that dies. Ctrl-C stops them in order; a second Ctrl-C at once.

    Each listens on its default port, or where SERVERY_REGISTRY_BIND,
    SERVERY_SERVING_BIND and SERVERY_INFERENCE_BIND say (host:port; port 0
    finds a free one). What they know is kept in the home: start again, and
    all is as it was.

    Exit codes: 0 stopped by a signal; 1 a service did not come up in 30 s;
    2 something is set wrong: a port is taken, the home is in use, a setting
    makes no sense.

    For example:

        servery up --demo

        servery up --home /data/servery --log-level warning

        SERVERY_INFERENCE_BIND=127.0.0.1:9001 servery up
    """
    # The services read these too, so the environment is the one place to put them.
    if home is not None:
        os.environ["SERVERY_HOME"] = str(home.expanduser().absolute())
    if log_level is not None:
        os.environ["SERVERY_LOG_LEVEL"] = log_level.value
    try:
        asyncio.run(_run(services(), demo=demo))
    except (ConfigError, CannotStart) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except NotHealthy as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


async def _run(stack: Services, *, demo: bool) -> None:
    names = [program.name for program in stack.programs]
    output = Output(sys.stderr, names, colour=colour_wanted(sys.stderr))
    console = Console()
    await session.run(
        stack.home,
        stack.programs,
        output,
        announce=lambda: show(console, stack.addresses, stack.home, demo=demo),
        companion=_demo(stack, output) if demo else None,
    )


def _demo(stack: Services, output: Output) -> Companion:
    env = {f"SERVERY_{name.upper()}": address for name, address in stack.addresses.items()}
    # The monotonic clock is one for all processes of the machine: the demo can say how long all of it took.
    command = (sys.executable, "-m", "servery_up.demo", "--home", str(stack.home), "--since", str(time.monotonic()))
    return Companion("the demo", command, env, output)
