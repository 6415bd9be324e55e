import pytest
from typer.testing import CliRunner

from servery.cli import _app

APP = _app.build()


def run(*arguments, **more):
    return CliRunner().invoke(APP, list(arguments), prog_name="servery", **more)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "No such command 'nothing'"),
        (["deploy"], "Missing argument"),
        (["deploy", "iris", "--engine", "cloud"], "'cloud' is none of local, triton"),
        (["deploy", "iris", "--version", "0"], "Invalid value for '--version'"),
        (["models", "push", "/nowhere", "--name", "a", "--framework", "onnx"], "does not exist"),
        (["models", "push", "."], "Missing option"),
        (["models", "push", ".", "--name", "a", "--framework", "keras"], "'keras' is none of sklearn, tensorflow"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--metric", "x"], "'x' is not NAME=NUMBER"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--metric", "=1"], "'=1' is not NAME=NUMBER"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--metric", "a=b"], "'a=b' is not NAME=NUMBER"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--tag", "x"], "'x' is not NAME=JSON"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--tag", "x={"], "this is not JSON"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--schema", '{"in": 1}'], "schema has no in"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--input-example", "@/nowhere"], "can't read"),
        (["models", "push", ".", "--name", "a", "--framework", "onnx", "--parallel", "0"], "'--parallel'"),
        (["models", "list", "--prefix", "a", "--filter", "version = 1"], "with a filter or an order"),
        (["models", "best", "iris", "loss", "--direction", "low"], "'low' is neither max nor min"),
        (["models", "diff", "iris:1", "iris:"], "'iris:' is not NAME, NAME:NUMBER or NAME:ALIAS"),
        (["models", "update", "iris", "--metric", "a=1"], "say which --version"),
        (["models", "update", "iris", "--version", "1", "--clear", "files"], "'files' is none of description"),
        (["models", "delete", "iris", "--version", "1", "--all"], "not both"),
        (["models", "alias", "iris", "champion"], "Missing option"),
        (["predict", "iris"], "Missing option"),
        (["predict", "iris", "--data", "{"], "this is not JSON"),
        (["predict", "iris", "--data", "@/nowhere"], "can't read /nowhere"),
    ],
)
def test_wrong_usage_exits_2_and_says_what_is_wrong(arguments, says):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [[], ["models"], ["deployments"]])
def test_without_a_verb_the_help_is_shown(arguments):
    assert "Commands:" in run(*arguments).output


def test_data_from_stdin_must_be_json_too():
    result = run("predict", "iris", "--data", "-", input="nonsense")
    assert result.exit_code == 2
    assert "this is not JSON" in result.stderr
