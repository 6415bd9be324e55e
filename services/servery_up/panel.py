"""What is shown when all is up."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_WHAT = {"inference": "predictions, KServe v2 gRPC", "serving": "deployments", "registry": "models"}


def panel(addresses: Mapping[str, str], home: Path, *, demo: bool) -> Panel:
    """Addresses, home, how to stop, what to type next."""
    rows = Table.grid(padding=(0, 2))
    for name, what in _WHAT.items():
        if address := addresses.get(name):
            rows.add_row(name, Text(address, style="bold"), what)
    rows.add_row("home", Text(str(home), overflow="fold"), "all state is here")
    rows.add_row("stop", "Ctrl-C", "in order; twice: at once")
    if not demo:
        rows.add_row("next", Text("servery models push --help", style="bold"), "register a model")
        rows.add_row("", Text("servery up --demo", style="bold"), "or start with two models")
    return Panel(rows, title="Servery is up", title_align="left", expand=False)


def show(console: Console, addresses: Mapping[str, str], home: Path, *, demo: bool) -> None:
    console.print(panel(addresses, home, demo=demo), soft_wrap=False)
