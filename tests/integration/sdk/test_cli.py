import json

import pytest
from grpc_health.v1 import health_pb2
from typer.testing import CliRunner

from servery.cli import _app
from tests.fakes.serving_server import State

APP = _app.build()


@pytest.fixture
def run(stack):
    options = [part for name, address in stack.addresses.items() for part in (f"--{name}", address)]

    def run(*arguments, **more):
        return CliRunner().invoke(APP, [*options, *map(str, arguments)], prog_name="servery", **more)

    return run


@pytest.fixture
def pushed(run, folder):
    result = run("models", "push", folder, "--name", "iris", "--framework", "sklearn", "--metric", "accuracy=0.97")
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def deployed(run, pushed):
    result = run("deploy", "iris")
    assert result.exit_code == 0, result.output
    return result


def rows(output: str) -> list[list[str]]:
    return [line.split() for line in output.splitlines()]


def test_push_shows_the_version_and_says_what_comes_next(pushed):
    assert ["Version", "1"] in rows(pushed.stdout)
    assert ["State", "READY"] in rows(pushed.stdout)
    assert pushed.stderr == "Version 1 of iris is registered. Deploy it: servery deploy iris\n"


def test_deploy_shows_the_states_on_the_way(deployed):
    assert rows(deployed.stdout)[1] == ["iris", "RUNNING", "iris", "1", "local"]
    assert deployed.stderr == "STARTING  Initializing deployment\nRUNNING   Deployment is ready\n"


@pytest.mark.parametrize("json_", [[], ["--json"]])
def test_predict_prints_json(run, deployed, json_, tmp_path):
    question = '{"instances": [[5.1, 3.5]]}'
    (tmp_path / "rows.json").write_text(question)
    for data, stdin in ((question, None), (f"@{tmp_path}/rows.json", None), ("-", question)):
        result = run("predict", "iris", "--data", data, *json_, input=stdin)
        assert (result.exit_code, json.loads(result.stdout), result.stderr) == (0, {"predictions": [8]}, "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["models", "list"], [{"name": "iris", "latest_version": 1, "create_time": "2023-11-14T22:13:20Z"}]),
        (["models", "show", "iris", "--version", "1"], {"version": 1, "metrics": {"accuracy": 0.97}, "state": "READY"}),
        (["models", "files", "iris"], [{"path": "empty"}, {"path": "model.bin"}, {"path": "sub/config.json"}]),
        (["deployments", "list"], [{"name": "iris", "state": "RUNNING", "conditions": [{"type": "SCHEDULED"}]}]),
        (["deployments", "show", "iris"], {"name": "iris", "model_version": 1}),
        (["deployments", "stop", "iris"], {"state": "STOPPED", "started": False}),
        (["deployments", "start", "iris"], {"state": "RUNNING", "started": True}),
        (["deployments", "watch", "iris", "--timeout", "0.3"], {"state": "RUNNING"}),
        (["deploy", "iris", "--no-wait"], {"state": "STARTING", "engine": "local"}),
        (["status"], [{"service": "registry", "serving": True}, {"service": "serving"}, {"service": "inference"}]),
        (["version"], {"servery-client": "0.1.0"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and isinstance(value[0], str) else "",
)
def test_json_is_one_document_a_line_and_the_table_says_the_same(run, deployed, arguments, expected):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert contains(json.loads(line), expected)
    table = run(*arguments)
    assert table.exit_code == 0
    assert "\x1b" not in table.output
    for text in texts(expected):
        assert text in table.stdout


def contains(found, expected) -> bool:
    if isinstance(expected, dict):
        return all(contains(found[key], value) for key, value in expected.items())
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(contains, found, expected))
    return found == expected


def texts(expected):
    """Words that must be in the table, too: names and states."""
    if isinstance(expected, dict):
        wanted = {"name", "state", "path", "service", "type"}
        return [value for key, value in expected.items() if key in wanted]
    return [text for each in expected for text in texts(each)]


def test_show_lists_the_versions_of_a_model(run, pushed, folder):
    run("models", "push", folder, "--name", "iris", "--framework", "onnx", "--description", "second")
    found = json.loads(run("models", "show", "iris", "--json").stdout)
    assert [version["version"] for version in found["versions"]] == [2, 1]
    assert [row[:3] for row in rows(run("models", "show", "iris").stdout)[-2:]] == [
        ["2", "READY", "onnx"],
        ["1", "READY", "sklearn"],
    ]


def test_pull_prints_the_folder(run, pushed, tmp_path):
    result = run("models", "pull", "iris", "--to", tmp_path / "back")
    assert (result.stdout.strip(), result.stderr) == (str(tmp_path / "back"), "")
    assert (tmp_path / "back" / "sub" / "config.json").read_bytes() == b'{"a": 1}'
    assert json.loads(run("models", "pull", "iris", "--to", tmp_path / "b", "--json").stdout) == {
        "folder": str(tmp_path / "b")
    }


def test_delete_wants_force_for_what_is_started(run, deployed):
    refused = run("deployments", "delete", "iris")
    assert (refused.exit_code, refused.stderr) == (1, "error: deployment iris is started; stop it first\n")
    assert run("deployments", "delete", "iris", "--force").stderr == "Deployment iris is deleted.\n"
    assert json.loads(run("deployments", "list", "--json").stdout) == []
    assert "servery deploy MODEL" in run("deployments", "list").stderr


def test_a_deployment_that_fails_is_exit_1_with_the_reason(run, pushed, stack):
    stack.serving.script = [(State.STATE_STARTING, "Loading"), (State.STATE_FAILED, "no file fits [sklearn]")]
    result = run("deploy", "iris")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "STARTING  Loading",
        "FAILED    no file fits [sklearn]",
        "error: deployment iris FAILED: no file fits [sklearn]",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["models", "show", "nothing"], "there is no model 'nothing'"),
        (["models", "pull", "nothing"], "there is no version 'nothing version latest'"),
        (["deployments", "show", "nothing"], "has no deployment 'nothing'"),
        (["predict", "nothing", "--data", '{"instances": [1]}'], "there is no deployment 'nothing'"),
        (["predict", "iris", "--data", '{"instances": [[1, 2], [3]]}'], "input 'input' is ragged"),
    ],
)
def test_an_error_is_one_line_on_stderr_and_exit_1(run, arguments, says):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert says in line


def test_debug_shows_where_it_comes_from(run):
    result = run("--debug", "models", "show", "nothing")
    assert result.exit_code == 1
    assert type(result.exception).__name__ == "NotFound"


def test_status_is_exit_1_when_something_is_down(run, stack):
    stack.servers["serving"].stop()
    result = run("status")
    assert result.exit_code == 1
    assert [row[::2] for row in rows(result.stdout)[1:]] == [
        ["registry", "SERVING"],
        ["serving", "DOWN"],
        ["inference", "SERVING"],
    ]
    assert "servery up" in result.stderr
    stack.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    assert [each["serving"] for each in json.loads(run("status", "--json").stdout)] == [False, False, False]


def test_nobody_there_is_one_line_that_says_how_to_start(run, stack):
    stack.servers["registry"].stop()
    result = run("models", "list")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line == (
        f"error: the registry service does not answer at {stack.addresses['registry']}: start Servery with "
        "`servery up`, or say where it is in SERVERY_REGISTRY"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("servery deploy ir", "iris"),
        ("servery models show ", "iris"),
        ("servery deployments stop ", "iris"),
        ("servery predict i", "iris"),
        ("servery models push x --framework xg", "xgboost"),
        ("servery deploy iris --engine t", "triton"),
    ],
)
def test_the_shell_completes_names(deployed, stack, monkeypatch, words, expected):
    for name, address in stack.addresses.items():
        monkeypatch.setenv(f"SERVERY_{name.upper()}", address)
    assert completed(words) == [expected]


def test_completion_with_nobody_there_is_empty_and_quick(stack, monkeypatch):
    stack.servers["registry"].stop()
    monkeypatch.setenv("SERVERY_REGISTRY", stack.addresses["registry"])
    assert completed("servery deploy ir") == []


def completed(words: str) -> list[str]:
    env = {"_SERVERY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    result = CliRunner().invoke(APP, [], prog_name="servery", env=env)
    assert result.exit_code == 0
    return result.stdout.split()
