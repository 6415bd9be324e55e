"""The command line. `servery --help` tells what it can do."""

import importlib
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit: 0 done, 1 an error, 2 wrong usage or a part that is not installed."""
    try:
        importlib.import_module("typer")
        importlib.import_module("rich")
    except ImportError:
        sys.stderr.write('the command line needs two more packages: pip install "servery-client[cli]"\n')
        raise SystemExit(2) from None
    importlib.import_module("servery.cli._app").run()
