"""The launcher over fake services, as a process: `python tests/fakes/launcher_process.py HOME BIND=MANNER...`.

The services are named one, two, three …; READY is written to standard output when all are healthy. With `--companion
COMMAND...` at the end, that runs beside them.
"""

import asyncio
import sys
from pathlib import Path

from servery_up import session
from servery_up.companion import Companion
from servery_up.output import Output
from servery_up.program import CannotStart, Program
from servery_up.stack import NotHealthy

FAKE = str(Path(__file__).with_name("service_process.py"))
NAMES = ("one", "two", "three", "four")


def program(name: str, bind: str, manner: str = "well", *, drain_s: float = 1.0) -> Program:
    return Program(
        name=name,
        command=(sys.executable, FAKE, bind, "--as", manner),
        bind=bind,
        variable=f"FAKE_{name.upper()}_BIND",
        drain_s=drain_s,
    )


async def main(home: str, *wanted: str) -> None:
    services, beside = list(wanted), None
    output = Output(sys.stderr, NAMES, colour=False)
    if "--companion" in services:
        cut = services.index("--companion")
        beside = Companion("the companion", services[cut + 1 :], {}, output)
        services = services[:cut]
    programs = [program(name, *each.split("=")) for name, each in zip(NAMES, services, strict=False)]
    await session.run(
        Path(home),
        programs,
        output,
        announce=lambda: print("READY", flush=True),
        companion=beside,
        healthy_within_s=20.0,
    )


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except NotHealthy as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
