"""`python -m servery_up.demo --home HOME --since SECONDS`: waits for a line on standard input, then begins."""

import argparse
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

import servery
from servery.errors import ServeryError
from servery_up.demo.course import Course
from servery_up.demo.digits import digits
from servery_up.demo.example import Example
from servery_up.demo.iris import iris
from servery_up.demo.paste import DEFAULT_ADDRESS, grpcurl, tritonclient
from servery_up.demo.paste import servery as servery_predict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m servery_up.demo")
    parser.add_argument("--home", type=Path, required=True, help="folder of all state")
    parser.add_argument("--since", type=float, required=True, help="time.monotonic() when the services were started")
    given = parser.parse_args()
    console = Console()
    examples = [iris(), digits()]
    if not sys.stdin.readline():
        return 0  # the stack did not come up, and says so itself
    try:
        with servery.connect() as client:
            course = Course(client, console, given.home, lambda: time.monotonic() - given.since)
            answered = course.run(examples)
    except ServeryError as error:
        console.print(f"[red]✗[/] the demo gave up: {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    if answered:
        show_lines(console, answered[0], os.environ.get("SERVERY_INFERENCE") or DEFAULT_ADDRESS)
    return 1 if course.failed else 0


def show_lines(console: Console, example: Example, address: str) -> None:
    """Print the lines to paste: as they are, since a line that is wrapped or coloured can't be pasted."""
    console.print("\nAsk it yourself, from another terminal:")
    for line in (form(example, address) for form in (servery_predict, grpcurl, tritonclient)):
        console.print()
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print()


if __name__ == "__main__":
    sys.exit(main())
