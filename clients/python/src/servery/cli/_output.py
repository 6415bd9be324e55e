"""What people see and what programs read: tables and JSON on stdout, everything else on stderr."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PIPED_WIDTH: Final = 240  # a table in a file or a pipe is not cut to the width of a terminal

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_COLOURS: Final = {
    "RUNNING": "green",
    "READY": "green",
    "IDLE": "green",
    "SERVING": "green",
    "TRUE": "green",
    "FAILED": "red",
    "QUARANTINED": "red",
    "DOWN": "red",
    "STARTING": "yellow",
    "UPDATING": "yellow",
    "STOPPING": "yellow",
    "CREATING": "yellow",
    "PENDING": "yellow",
    "IN_PROGRESS": "yellow",
}


def example(*lines: str) -> str:
    """The end of a help text: commands to copy."""
    head = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(("\b", head, *(f"  {line}" for line in lines)))  # \b: the lines stay as they are


def say(message: str) -> None:
    """Tell a person something that is not data."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(escape(message))


def fail(message: str) -> None:
    """Tell a person what is wrong, in one line."""
    line = " ".join(message.split())
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]error:[/] {escape(line)}")


def put_json(data: Any) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(data, default=_plain, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def put_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; states bear their colour on a terminal."""
    table = Table(*heads, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    _stdout().print(table)


def put_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print what is known of one thing, a line each; what is empty is left out."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts:
        if value not in ("", None):
            table.add_row(f"[bold]{escape(name)}[/]", _cell(value))
    _stdout().print(table)


def size(count: int) -> str:
    """Bytes for a person, such as 1.2 MB; a kB is 1000 bytes, as in the progress bars."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def metrics(values: Any) -> str:
    """Metrics on one line: accuracy=0.97 loss=0.1."""
    return " ".join(f"{name}={value:.6g}" for name, value in values.items())


def _stdout() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    text = escape(str(value))
    colour = _COLOURS.get(text)
    return f"[{colour}]{text}[/]" if colour else text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} is not JSON")
