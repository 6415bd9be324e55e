import re
from pathlib import Path

import numpy as np

import servery
from tests.fakes.inference_server import FakeModel

README = Path(__file__).parents[3] / "clients" / "python" / "README.md"


def test_the_examples_of_the_readme_work_as_written(stack, tmp_path, monkeypatch, capsys):
    for name, address in stack.addresses.items():
        monkeypatch.setenv(f"SERVERY_{name.upper()}", address)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.joblib").write_bytes(b"a model")
    monkeypatch.chdir(tmp_path)
    stack.inference.models["default", "iris"] = FakeModel(
        [("input-0", "FP64", [-1, 4])],
        [("predict", "INT64", [-1])],
        lambda given: {"predict": np.argmax(given["input-0"] < 0, axis=1)},
    )
    text = README.read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    exec(compile(code, str(README), "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert f"prints `{first}`" in text
    assert second == "{'predict': array([0])}"
    assert stack.registry.models["default", "iris"].latest_version == 1


def test_the_docstring_of_the_package_is_the_example_of_the_readme():
    first = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL).group(1)
    indented = "".join(f"    {line}\n" if line else "\n" for line in first.splitlines())
    assert indented in servery.__doc__
