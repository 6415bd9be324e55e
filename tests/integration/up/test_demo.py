"""`servery up --demo` over the real services: what `make run` shows, twice on one home."""

import re
import signal
import sys

import pytest

from tests.integration.up.conftest import Launcher

FIRST_PREDICTION_WITHIN_S = 20.0
ANYWHERE = {f"SERVERY_{name}_BIND": "127.0.0.1:0" for name in ("REGISTRY", "SERVING", "INFERENCE")}


@pytest.fixture
def demo(launch_command):
    def start(home):
        command = (sys.executable, "-m", "servery_up", "--home", home, "--demo")
        return launch_command(command, home, **ANYWHERE, COLUMNS="120")

    return start


def answers(launcher: Launcher, model):
    """Answer and true label of each row that is shown for a model."""
    launcher.line(rf"^{model} version 1 is RUNNING and answers over KServe v2 gRPC")
    launcher.line("held-out row +answer +true label")
    return [launcher.line(r"(\S+) +(\S+) +[✓✗] *$").groups() for _ in range(5)]


def test_two_models_answer_and_a_second_run_finds_them_as_they_were(demo, tmp_path):
    first = demo(tmp_path / "home")
    first.line("Servery is up")
    first.line("trained iris .* pushed as version 1$")
    first.line("trained digits .* pushed as version 1$")
    iris = answers(first, "iris")
    assert float(first.line(r"First prediction (\S+) s after")[1]) < FIRST_PREDICTION_WITHIN_S
    digits = answers(first, "digits")
    for given in (iris, digits):
        assert sum(answer == label for answer, label in given) >= 4
    for line in ("servery predict iris --data ", "^grpcurl -plaintext ", r"python - <<'END'"):
        first.line(line)
    first.signal(signal.SIGINT)
    assert first.exit_code() == 0

    second = demo(tmp_path / "home")
    second.line(r"^The registry has models \(digits, iris\), so nothing is trained or deployed\.")
    assert answers(second, "iris") == iris
    assert answers(second, "digits") == digits
    second.signal(signal.SIGTERM)
    assert second.exit_code() == 0
    assert not re.search(r"trained (iris|digits)", second.text)
