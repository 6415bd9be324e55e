import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.models import Trained, digits, iris
from tests.stack import Stack, running_stack


@dataclass(frozen=True)
class Served:
    """A stack that serves iris and digits."""

    stack: Stack
    iris: Trained
    digits: Trained

    @property
    def address(self) -> str:
        return self.stack.addresses["inference"]

    def case(self) -> str:
        """What a client in a process of its own is to check, as JSON."""
        models = {
            "iris": {"rows": self.iris.rows.tolist(), "answers": self.iris.answers.tolist(), "input": "input-0"},
            "digits": {"rows": self.digits.rows.tolist(), "answers": self.digits.answers.tolist(), "input": "X"},
        }
        return json.dumps({"address": self.address, **models})


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("served")
    with running_stack(folder / "home") as stack, stack.connect() as client:
        models = {"iris": iris(folder / "iris"), "digits": digits(folder / "digits")}
        for name, framework in (("iris", "sklearn"), ("digits", "onnx")):
            model = models[name]
            client.push(model.folder, name=name, framework=framework, metrics={"accuracy": model.accuracy})
            client.deploy(name, wait=True, timeout_s=60)
        yield Served(stack, **models)
