"""What the demo does, step by step."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from servery.client import Client, Deployment
from servery.errors import NotFound, ServeryError, Unavailable
from servery_up.demo.example import Example

RUNNING_WITHIN_S = 60.0
ROWS = 5

_POLL_S = 0.1


class Course:
    """The demo against one registry and the deployments that go with it."""

    def __init__(
        self, client: Client, console: Console, home: Path, elapsed_s: Callable[[], float], *, patience_s: float = 20.0
    ) -> None:
        self._client = client
        self._console = console
        self._elapsed_s = elapsed_s
        self._patience_s = patience_s
        self._asked = False
        self.failed = False
        """A model that should have answered did not."""
        # A first run that was interrupted half way is known by this, and is gone on with.
        self._unfinished = home / "run" / "demo-unfinished"

    def run(self, examples: Sequence[Example]) -> list[Example]:
        """Deploy what is to be deployed, and ask each model. Return those that answered; what failed is shown.

        Raise ServeryError when training, pushing or deploying fails.
        """
        there = {model.name for model in self._client.models.list()}
        if not there or self._unfinished.exists():
            self._unfinished.parent.mkdir(parents=True, exist_ok=True)
            self._unfinished.touch()
            for example in examples:
                self._deploy(example)
            self._unfinished.unlink()
            started = list(examples)
        else:
            known = ", ".join(sorted(there))
            self._say(f"The registry has models ({known}), so nothing is trained or deployed.")
            started = [example for example in examples if self._started(example)]
        return [example for example in started if self._answers(example)]

    def _deploy(self, example: Example) -> None:
        try:
            version = self._client.versions.get(example.name)
        except NotFound:
            with tempfile.TemporaryDirectory() as folder:
                accuracy = example.train(Path(folder))
                version = self._client.push(
                    folder, name=example.name, framework=example.framework, metrics={"accuracy": accuracy}
                )
            self._say(
                f"[green]✓[/] trained [bold]{example.name}[/] ({example.framework}): "
                f"{accuracy:.1%} of {len(example.labels)} held-out rows are right; pushed as version {version.version}"
            )
        self._client.deploy(example.name, version=version.version)

    def _started(self, example: Example) -> bool:
        try:
            deployment = self._client.deployments.get(example.name)
        except NotFound:
            self._say(f"{example.name} is not deployed; deploy a model with: servery deploy NAME")
            return False
        if not deployment.started:
            self._say(f"{example.name} is stopped; start it with: servery deployments start {example.name}")
        return deployment.started

    def _answers(self, example: Example) -> bool:
        try:
            deployment = self._client.deployments.wait(example.name, RUNNING_WITHIN_S)
            answer = self._ask(example)
        except ServeryError as error:
            self.failed = True
            self._say(f"[red]✗[/] {example.name}: {escape(str(error))}")
            return False
        self._show(example, deployment, answer)
        return True

    def _ask(self, example: Example) -> Any:
        """Classes that the model gives the first rows. The state may be of before a restart: be patient at first."""
        end = time.monotonic() + self._patience_s
        while True:
            try:
                return self._client.predict(example.name, inputs={example.input.name: example.rows[:ROWS]})[
                    example.output
                ]
            except (NotFound, Unavailable):
                if time.monotonic() >= end:
                    raise
            time.sleep(_POLL_S)

    def _show(self, example: Example, deployment: Deployment, answer: Any) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for column in ("held-out row", "answer", "true label", ""):
            table.add_column(column, overflow="ellipsis", no_wrap=True)
        for row, given, true in zip(example.rows, answer, example.labels, strict=False):
            shown = ", ".join(f"{value:g}" for value in row[:8]) + (", …" if len(row) > 8 else "")
            mark = "[green]✓[/]" if int(given) == int(true) else "[red]✗[/]"
            table.add_row(shown, example.classes[int(given)], example.classes[int(true)], mark)
        self._say(
            f"\n[bold]{example.name}[/] version {deployment.model_version} is {deployment.state} and answers over "
            "KServe v2 gRPC:"
        )
        self._console.print(table)
        if not self._asked:
            self._asked = True
            self._say(f"First prediction {self._elapsed_s():.1f} s after the processes were started.")

    def _say(self, text: str) -> None:
        # The terminal wraps it; a file keeps the line.
        self._console.print(text, highlight=False, soft_wrap=True)
