import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from servery.cli import _app

GOLDEN = Path(__file__).parents[2] / "golden" / "cli.txt"
WIDTH = "100"


def commands(command, path=("servery",)):
    """Every command and group, depth first, by its path."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


APP = _app.build()
PATHS = [path for path, _ in commands(typer.main.get_command(APP))]


def help_of(path) -> str:
    env = {
        "COLUMNS": WIDTH,
        "TERMINAL_WIDTH": WIDTH,
        "NO_COLOR": "1",
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    result = CliRunner().invoke(APP, [*path[1:], "--help"], prog_name="servery", env=env, terminal_width=int(WIDTH))
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return result.stdout


def test_the_help_texts_are_those_that_were_agreed():
    """A change of the command line is a change of this file; write it anew with SERVERY_UPDATE_GOLDEN=1."""
    text = "\n".join(f"$ {' '.join(path)} --help\n{help_of(path)}" for path in PATHS)
    if os.environ.get("SERVERY_UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_every_verb_that_was_promised_is_there():
    assert {" ".join(path[1:]) for path in PATHS} == {
        "",
        "models",
        "models push",
        "models list",
        "models show",
        "models files",
        "models pull",
        "models best",
        "models diff",
        "models update",
        "models delete",
        "models tag",
        "models untag",
        "models alias",
        "models unalias",
        "registry",
        "registry gc",
        "deploy",
        "predict",
        "deployments",
        "deployments list",
        "deployments show",
        "deployments start",
        "deployments stop",
        "deployments delete",
        "deployments watch",
        "status",
        "version",
    }


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_help_teaches_by_an_example(path):
    text = help_of(path)
    assert re.search(r"Examples?:\n    (.* \| )?servery " + ".*".join(path[1:]), text)
    assert max(map(len, text.splitlines())) <= int(WIDTH)
    assert "\x1b" not in text


@pytest.mark.parametrize("start", [["-m", "servery.cli"], ["-c", "from servery.cli import main; main()"]])
def test_it_starts_as_a_program(start):
    done = subprocess.run([sys.executable, *start, "version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("servery-client ")


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_packages_it_says_what_to_install(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from servery.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == 'the command line needs two more packages: pip install "servery-client[cli]"\n'
    assert done.stdout == ""


def test_a_bug_is_one_line_and_a_traceback_only_on_demand():
    code = (
        "from servery.cli import _session, main\n"
        "import sys\n"
        "def fail(self, **_): return 1 // 0\n"
        "_session.Session.connect = fail\n"
        "main()"
    )
    env = {**os.environ, "COLUMNS": "60"}
    for options, lines in (([], 1), (["--debug"], 5)):
        done = subprocess.run(
            [sys.executable, "-c", code, *options, "models", "list"],
            capture_output=True,
            text=True,
            check=False,
            env=env,
        )
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) >= lines
        assert ("Traceback" in done.stderr) == bool(options)
        assert "ZeroDivisionError" in done.stderr
        assert options or len(done.stderr.splitlines()) == 1
