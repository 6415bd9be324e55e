from importlib.metadata import EntryPoint

import pytest
import typer
from typer.testing import CliRunner

from servery.cli import _app
from servery.errors import Unavailable

more = typer.Typer(help="More of the same.")


@more.command()
def one() -> None:
    """One of two."""
    typer.echo("one")


@more.command()
def two() -> None:
    """Two of two."""
    raise Unavailable("away for lunch")


def up(demo: bool = False) -> None:
    """Start everything."""
    typer.echo(f"up demo={demo}")


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(
        name=name, value=f"{__name__}:{value}" if value.isidentifier() else value, group="servery.commands"
    )


@pytest.fixture
def run(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])  # importlib mode may not have put it there

    def run(entries, *arguments):
        return CliRunner().invoke(_app.build(entries), list(arguments), prog_name="servery")

    return run


def test_a_function_and_an_app_become_commands(run):
    entries = [entry("up", "up"), entry("more", "more")]
    assert run(entries, "up", "--demo").stdout == "up demo=True\n"
    assert run(entries, "more", "one").stdout == "one\n"
    text = run(entries, "--help").stdout
    assert "Start everything." in text
    assert "More of the same." in text
    assert "Usage: servery up" in run(entries, "up", "--help").stdout


def test_errors_of_contributed_commands_are_one_line(run):
    result = run([entry("more", "more")], "more", "two")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "error: away for lunch\n")


def test_without_the_services_up_says_what_to_install(run):
    for arguments in (["up"], ["up", "--demo", "now"]):
        result = run([], *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "error: `servery up` comes with the services: pip install servery\n"
    assert "needs the distribution servery" in run([], "--help").stdout


def test_a_command_that_cannot_be_loaded_harms_no_other(run):
    entries = [entry("broken", "no_such_module_anywhere:f"), entry("up", "up")]
    assert "Can't be loaded" in run(entries, "--help").stdout
    assert run(entries, "up").exit_code == 0
    result = run(entries, "broken")
    assert result.exit_code == 1
    assert "the command 'broken' of no_such_module_anywhere:f can't be loaded: ModuleNotFoundError" in result.stderr


def test_our_own_commands_win(run):
    assert "servery-client" in run([entry("version", "up")], "version").stdout
