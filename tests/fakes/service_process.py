"""A service with nothing but health, as a process: what the launcher is tested with.

    python tests/fakes/service_process.py BIND [--as MANNER]

It says `pid PID` first. Manners: `well` serves until it is signalled. `deaf` serves and ignores SIGTERM.
`misconfigured` says why and exits with code 2. `crashing` exits with code 1 at once, every time. `silent` runs and
never listens. `parent` starts a process that inherits its output, says `child PID`, and serves.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys

from servery_kit.process import until_signalled
from servery_kit.server import running


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bind")
    parser.add_argument("--as", dest="manner", default="well")
    given = parser.parse_args()
    logging.basicConfig(level="INFO", format="%(message)s")
    print(f"pid {os.getpid()}", flush=True)
    if given.manner == "misconfigured":
        print("error: FAKE_COLOUR='loud': should be a colour", file=sys.stderr)
        sys.exit(2)
    if given.manner == "crashing":
        sys.exit(1)
    if given.manner == "silent":
        await until_signalled()
        return
    if given.manner == "parent":
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
        print(f"child {child.pid}", flush=True)
    async with running(given.bind, [], [], drain_s=1.0):
        if given.manner == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            await asyncio.Event().wait()
        await until_signalled()


if __name__ == "__main__":
    asyncio.run(main())
