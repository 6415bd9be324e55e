"""The commands that change and compare what the registry knows."""

import json

import pytest
from typer.testing import CliRunner

from servery.cli import _app
from servery.registry import v1 as pb

APP = _app.build()


@pytest.fixture
def run(stack):
    options = [part for name, address in stack.addresses.items() for part in (f"--{name}", address)]

    def run(*arguments, **more):
        return CliRunner().invoke(APP, [*options, *map(str, arguments)], prog_name="servery", **more)

    return run


@pytest.fixture
def done(run):
    """Run a command that must succeed; its stdout, and its stderr when there is nothing there."""

    def done(*arguments, **more):
        result = run(*arguments, **more)
        assert result.exit_code == 0, result.output
        return result.stdout or result.stderr

    return done


@pytest.fixture
def two(done, folder):
    push = ("models", "push", folder, "--name", "iris", "--framework", "sklearn")
    done(*push, "--metric", "accuracy=0.9", "--tag", 'team="vision"', "--alias", "champion")
    (folder / "empty").write_bytes(b"no more")
    (folder / "new").write_bytes(b"new")
    done(*push, "--metric", "accuracy=0.97", "--metric", "f1=0.5", "--description", "second")


def rows(output):
    return [line.split() for line in output.splitlines()]


def version(done, number):
    return json.loads(done("models", "show", "iris", "--version", number, "--json"))


def test_push_takes_an_example_and_a_schema_from_files(done, folder, tmp_path):
    (tmp_path / "example.json").write_text("[[1, 2]]")
    (tmp_path / "schema.json").write_text('{"input": {"tensors": [{"type": "float32", "shape": [-1, 2]}]}}')
    push = ("models", "push", folder, "--name", "iris", "--framework", "onnx", "--json")
    text = done(*push, "--input-example", f"@{tmp_path}/example.json", "--schema", f"@{tmp_path}/schema.json")
    made = json.loads(text)
    assert made["input_example"] == [[1, 2]]
    assert made["schema"]["input"]["tensors"] == [{"name": "", "type": "float32", "shape": [-1, 2], "description": ""}]
    assert ["Input", "0:", "float32[-1,", "2]"] in rows(done("models", "show", "iris", "--version", "1"))


def test_show_files_and_pull_take_an_alias(done, two, tmp_path):
    assert ["Aliases", "champion"] in rows(done("models", "show", "iris", "--alias", "champion"))
    assert ["Tags", 'team="vision"'] in rows(done("models", "show", "iris", "--alias", "champion"))
    assert ["Aliases", "champion=1"] in rows(done("models", "show", "iris"))
    assert len(json.loads(done("models", "files", "iris", "--alias", "champion", "--json"))) == 3
    done("models", "pull", "iris", "--alias", "champion", "--to", tmp_path / "back")
    assert not (tmp_path / "back" / "new").exists()


def test_list_with_a_filter_or_an_order_is_of_versions(done, run, two):
    assert [row[:2] for row in rows(done("models", "list", "--filter", "metrics.accuracy > 0.95"))[1:]] == [
        ["iris", "2"]
    ]
    found = json.loads(done("models", "list", "--order-by", "metrics.accuracy", "--json"))
    assert [each["version"] for each in found] == [1, 2]
    assert run("models", "list", "--filter", "framework = ONNX").stderr == "No version is like that.\n"
    assert json.loads(done("models", "list", "--prefix", "x", "--json")) == []


def test_best_is_of_the_end_that_is_asked_for(done, run, two):
    assert json.loads(done("models", "best", "iris", "accuracy", "--json"))["version"] == 2
    assert ["Version", "1"] in rows(done("models", "best", "iris", "accuracy", "--direction", "min"))
    assert "there is no metric 'loss'" in run("models", "best", "iris", "loss").stderr


def test_diff_tells_metrics_files_and_metadata_apart(done, two):
    found = json.loads(done("models", "diff", "iris:champion", "iris", "--json"))
    assert found["metrics"] == {"accuracy": [0.9, 0.97], "f1": [None, 0.5]}
    assert set(found["files"]) == {"empty", "new"}
    assert found["files"]["new"][0] is None
    assert found["metadata"] == {
        "Description": ["", "second"],
        "Aliases": ["champion", ""],
        "Tags": ['team="vision"', ""],
    }
    table = rows(done("models", "diff", "iris:1", "iris:2"))
    assert table[0] == ["WHAT", "iris:1", "iris:2"]
    assert ["accuracy", "0.9", "0.97"] in table
    assert ["f1", "–", "0.5"] in table
    assert done("models", "diff", "iris:2", "iris") == "They are the same.\n"


def test_update_merges_metrics_and_clears(done, two):
    done("models", "update", "iris", "--version", "2", "--metric", "f1=0.75", "--clear", "description")
    assert version(done, 2)["metrics"] == {"accuracy": 0.97, "f1": 0.75}
    assert version(done, 2)["description"] == ""
    done("models", "update", "iris", "--version", "2", "--input-example", "-", input="[1]")
    assert version(done, 2)["input_example"] == [1]
    assert ["Description", "flowers"] in rows(done("models", "update", "iris", "--description", "flowers"))


def test_tags_and_aliases_are_set_and_removed(done, run, two):
    assert done("models", "tag", "iris", "level", "3", "--version", "2") == "Tag level of version 2 of iris is set.\n"
    assert version(done, 2)["tags"] == {"level": 3}
    done("models", "untag", "iris", "level", "--version", "2")
    assert version(done, 2)["tags"] == {}
    done("models", "tag", "iris", "team", '"ops"')
    assert done("models", "untag", "iris", "team") == "Tag team of iris is removed.\n"
    assert done("models", "alias", "iris", "champion", "--version", "2") == "champion of iris is version 2.\n"
    refused = run("models", "alias", "iris", "champion", "--version", "1", "--previous", "1")
    assert (refused.exit_code, refused.stderr) == (1, "error: champion names version 2 of iris\n")
    done("models", "unalias", "iris", "champion")
    assert version(done, 2)["aliases"] == []


def test_delete_is_of_a_version_or_of_all(done, run, two, stack):
    stack.registry.pinned["default", "iris", 2] = ["deployment shop"]
    assert "is used by deployment shop" in run("models", "delete", "iris", "--version", "2").stderr
    stack.registry.pinned.clear()
    assert run("models", "delete", "iris").exit_code == 1
    assert done("models", "delete", "iris", "--version", "1") == "Version 1 of iris is deleted.\n"
    assert done("models", "delete", "iris", "--all").splitlines() == [
        "Version 2 of iris is deleted.",
        "Model iris is deleted.",
    ]
    assert json.loads(done("models", "list", "--json")) == []


def test_gc_shows_what_it_would_free_and_frees_it(run, stack):
    stack.registry.garbage = [
        pb.CollectGarbageResponse.Garbage(sha256="a" * 64, size_bytes=2000),
        pb.CollectGarbageResponse.Garbage(upload_id="u", size_bytes=1),
    ]
    shown = run("registry", "gc", "--dry-run")
    assert rows(shown.stdout)[1:] == [["content", "a" * 64, "2.0", "kB"], ["upload", "u", "1", "B"]]
    assert shown.stderr == "2 things of 2.0 kB would be freed.\n"
    assert json.loads(run("registry", "gc", "--grace", "60", "--json").stdout)["count"] == 2
    assert stack.registry.graces == [None, 60]
    assert run("registry", "gc").stderr == "0 things of 0 B are freed.\n"


def test_a_version_that_is_not_what_it_says_is_shown_with_its_findings(done, two, stack):
    stored = stack.registry.versions["default", "iris", 2]
    stored.scan.verdict = pb.Scan.VERDICT_MISMATCH
    stored.scan.scanner = "scanner 1"
    stored.scan.findings.add(path="new", format="pickle", verdict=pb.Scan.VERDICT_MISMATCH, text="a pickle")
    shown = rows(done("models", "show", "iris", "--version", "2"))
    assert ["Scan", "MISMATCH", "(scanner", "1)"] in shown
    assert shown[-1] == ["new", "pickle", "MISMATCH", "a", "pickle"]
