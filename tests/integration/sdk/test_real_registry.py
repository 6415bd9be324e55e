"""The SDK with the registry that is shipped: what the fakes promise, the service keeps."""

import json

import pytest
from typer.testing import CliRunner

import servery
from servery.cli import _app
from servery.errors import Aborted, InvalidArgument, NotFound
from tests.stack import running_stack


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    with running_stack(tmp_path_factory.mktemp("home")) as stack:
        yield stack


@pytest.fixture
def hub(real):
    with real.connect() as client:
        yield client


class Enough(Exception):
    """Stands for the user who gives up."""


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_push_that_was_broken_off_goes_on_with_its_version(hub, folder, tmp_path):
    def give_up(progress):
        if progress.stage == "send" and progress.path == "model.bin" and progress.file_done > 1_000_000:
            raise Enough

    with pytest.raises(Enough):
        hub.push(folder, name="resumed", framework="python", progress=give_up)
    assert hub.push(folder, name="resumed", framework="python").version == 1
    assert hub.push(folder, name="resumed", framework="python").version == 2
    assert content(hub.pull("resumed", 1, tmp_path / "back")) == content(folder)


def test_metadata_tags_and_aliases_are_kept(hub, folder):
    made = hub.push(
        folder,
        name="iris",
        framework="python",
        metrics={"accuracy": 0.97},
        input_example={"instances": [[5.1, 3.5]]},
        schema={"input": {"tensors": [{"name": "x", "type": "float64", "shape": [-1, 2]}]}},
        provenance={"program": "train.py", "links": {"run": "1"}},
        tags={"team": "vision", "n": 3},
        aliases=["champion"],
    )
    assert made == hub.versions.get("iris", alias="champion")
    assert (made.input_example, made.tags) == ({"instances": [[5.1, 3.5]]}, {"n": 3, "team": "vision"})
    assert made.schema.input.tensors[0].shape == (-1, 2)
    assert made.provenance.links == {"run": "1"}
    changed = hub.versions.update("iris", 1, metrics={"f1": 0.5}, clear=["input_example"], etag=made.etag)
    assert (changed.metrics, changed.input_example) == ({"f1": 0.5}, None)
    with pytest.raises(Aborted):
        hub.versions.update("iris", 1, description="late", etag=made.etag)
    assert hub.models.get("iris").aliases == {"champion": 1}
    hub.aliases.delete("iris", "champion")
    hub.tags.delete("iris", "n", version=1)
    hub.tags.schemas.set("team", {"type": "string"}, mandatory=True)
    with pytest.raises(InvalidArgument):
        hub.tags.set("iris", "team", 1, version=1)
    assert [(each.name, each.mandatory) for each in hub.tags.schemas.list()] == [("team", True)]
    hub.tags.schemas.delete("team")


def test_the_words_of_hsml_find_the_best(real, folder):
    with servery.connection(**real.addresses) as connection:
        mr = connection.get_model_registry()
        for accuracy in (0.9, 0.97):
            mr.tensorflow.create_model("mnist", metrics={"accuracy": accuracy}).save(folder)
        assert mr.get_best_model("mnist", "accuracy", "max").version == 2
        assert mr.get_best_model("mnist", "accuracy", "min").version == 1
        assert [model.version for model in mr.get_models("mnist")] == [1, 2]
        assert mr.get_models("nothing") == []
        with pytest.raises(NotFound):
            mr.get_best_model("mnist", "loss", "max")


def test_commands_change_and_compare(real, folder):
    options = [part for name, address in real.addresses.items() for part in (f"--{name}", address)]

    def run(*arguments):
        result = CliRunner().invoke(_app.build(), [*options, *map(str, arguments)], prog_name="servery")
        assert result.exit_code == 0, result.output
        return result.stdout

    for accuracy in (0.5, 0.75):
        run("models", "push", folder, "--name", "cli", "--framework", "python", "--metric", f"accuracy={accuracy}")
    run("models", "alias", "cli", "champion", "--version", "1")
    run("models", "tag", "cli", "level", "3", "--version", "2")
    run("models", "update", "cli", "--version", "2", "--metric", "f1=0.25")
    found = json.loads(run("models", "diff", "cli:champion", "cli", "--json"))
    assert found["metrics"] == {"accuracy": [0.5, 0.75], "f1": [None, 0.25]}
    assert (found["files"], found["metadata"]["Tags"]) == ({}, ["", "level=3"])
    assert json.loads(run("models", "best", "cli", "accuracy", "--json"))["version"] == 2
