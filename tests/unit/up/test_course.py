"""What the demo does on a first run, on a later one, and when something is not as it should be."""

import io

import numpy as np
import pytest
from rich.console import Console

from servery.errors import ServeryError, Unavailable
from servery_up.demo.course import Course
from servery_up.demo.digits import digits
from servery_up.demo.example import Example, Tensor
from servery_up.demo.iris import iris
from tests.fakes.client import FakeClient


def example(name):
    """A model that answers its first column, which is wrong for the last row."""

    def train(folder):
        (folder / "model.txt").write_text("first column")
        return 0.5

    return Example(
        name=name,
        framework="python",
        input=Tensor(name="in", datatype="FP64", contents="fp64_contents"),
        output="out",
        classes=["no", "yes"],
        rows=np.array([[1.0, 2.5], [0.0, 1.0]]),
        labels=np.array([1, 1]),
        train=train,
    )


class Run:
    """Courses over one client and one home."""

    def __init__(self, home, client):
        self.home = home
        self.client = client

    def __call__(self, *examples, patience_s=20.0):
        shown = io.StringIO()
        self.course = Course(self.client, Console(file=shown), self.home, lambda: 3.21, patience_s=patience_s)
        answered = self.course.run(examples)
        self.text = shown.getvalue()
        return [each.name for each in answered]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path, FakeClient())


def test_an_empty_registry_gets_all_models_with_their_accuracy(run):
    assert run(example("one"), example("two")) == ["one", "two"]
    assert run.client.pushed == [("one", "python", {"accuracy": 0.5}), ("two", "python", {"accuracy": 0.5})]
    assert run.client.deployed == [("one", 1), ("two", 1)]


def test_answers_stand_beside_the_true_labels_and_a_wrong_one_is_marked(run):
    run(example("one"))
    lines = [line.split() for line in run.text.splitlines()]
    assert ["1,", "2.5", "yes", "yes", "✓"] in lines
    assert ["0,", "1", "no", "yes", "✗"] in lines


def test_the_time_to_the_first_prediction_is_told_once(run):
    run(example("one"), example("two"))
    assert run.text.count("First prediction 3.2 s after the processes were started.") == 1


def test_a_later_run_only_asks(run):
    run(example("one"), example("two"))
    run.client.pushed.clear()
    run.client.deployed.clear()
    assert run(example("one"), example("two")) == ["one", "two"]
    assert (run.client.pushed, run.client.deployed) == ([], [])
    assert "nothing is trained or deployed" in run.text


def test_a_registry_with_other_models_is_left_alone(run, tmp_path):
    (tmp_path / "model.txt").touch()
    run.client.push(tmp_path, name="theirs", framework="python", metrics={})
    run.client.pushed.clear()
    assert run(example("one")) == []
    assert (run.client.pushed, run.client.deployed) == ([], [])
    assert "one is not deployed" in run.text
    assert not run.course.failed


def test_what_was_stopped_or_deleted_stays_so(run):
    run(example("one"), example("two"))
    run.client.stop("one")
    run.client.delete("two")
    assert run(example("one"), example("two")) == []
    assert "one is stopped; start it with: servery deployments start one" in run.text
    assert "two is not deployed" in run.text


def test_a_first_run_that_broke_half_way_is_gone_on_with(run):
    def fail(folder):
        raise ServeryError("interrupted")

    broken = example("two")
    object.__setattr__(broken, "train", fail)
    with pytest.raises(ServeryError, match="interrupted"):
        run(example("one"), broken)
    assert run(example("one"), example("two")) == ["one", "two"]
    assert [name for name, *_ in run.client.pushed] == ["one", "two"]
    run.client.delete("two")
    assert run(example("one"), example("two")) == ["one"]  # and it was finished by that


def test_a_node_that_is_still_coming_back_is_waited_for(run):
    run.client.stale = 2
    assert run(example("one")) == ["one"]


def test_a_node_that_stays_away_fails_that_model(run):
    run.client.stale = 10**9
    assert run(example("one"), patience_s=0.2) == []
    assert run.course.failed
    assert "✗ one: no node has it yet" in run.text


def test_a_deployment_that_can_not_run_does_not_keep_the_other_from_being_asked(tmp_path):
    run = Run(tmp_path, FakeClient(broken={"one"}))
    assert run(example("one"), example("two")) == ["two"]
    assert run.course.failed
    assert "✗ one: deployment one FAILED: the [disk] is full" in run.text


def test_the_two_real_models_are_right_about_nine_rows_in_ten_and_answer_from_their_files(run):
    assert run(iris(), digits()) == ["iris", "digits"]
    (iris_pushed, digits_pushed) = run.client.pushed
    assert iris_pushed[:2] == ("iris", "sklearn")
    assert digits_pushed[:2] == ("digits", "onnx")
    assert all(0.9 < metrics["accuracy"] <= 1.0 for _, _, metrics in run.client.pushed)
    for each in (iris(), digits()):
        answer = run.client.predict(each.name, inputs={each.input.name: each.rows})[each.output]
        accuracy = np.mean(np.asarray(answer) == each.labels)
        assert accuracy == pytest.approx(
            {name: metrics["accuracy"] for name, _, metrics in run.client.pushed}[each.name], abs=0.01
        )


def test_an_unavailable_registry_is_not_taken_for_an_empty_one(run):
    def fail():
        raise Unavailable("the registry does not answer")

    run.client.models.list = fail
    with pytest.raises(Unavailable):
        run(example("one"))
    assert run.client.pushed == []
