"""A client whose registry and deployments are in memory, and whose predictions come out of the files that were pushed.

`stale` predictions fail with Unavailable before one is answered, as they do after a restart. `broken` names deployments
that never run.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from servery.errors import FailedPrecondition, NotFound, Unavailable


class FakeClient:
    def __init__(self, *, stale=0, broken=()):
        self.pushed = []
        self.deployed = []
        self.stale = stale
        self.broken = broken
        self.models = SimpleNamespace(list=lambda: iter(self._versions.values()))
        self.versions = SimpleNamespace(get=self._version)
        self.deployments = SimpleNamespace(get=self._deployment, wait=self._wait)
        self._versions = {}
        self._files = {}
        self._deployments = {}

    def push(self, path, *, name, framework, metrics):
        self.pushed.append((name, framework, metrics))
        (file,) = Path(path).iterdir()
        self._files[name] = (file.suffix, file.read_bytes())
        self._versions[name] = SimpleNamespace(name=name, version=1)
        return self._versions[name]

    def deploy(self, model, *, version):
        self.deployed.append((model, version))
        state = "FAILED" if model in self.broken else "RUNNING"
        self._deployments[model] = SimpleNamespace(state=state, model_version=version, started=True)
        return self._deployments[model]

    def stop(self, name):
        self._deployments[name].started = False

    def delete(self, name):
        del self._deployments[name]

    def predict(self, deployment, *, inputs):
        if self.stale:
            self.stale -= 1
            raise Unavailable("no node has it yet")
        suffix, content = self._files[deployment]
        ((name, rows),) = inputs.items()
        if suffix == ".txt":  # a model that answers the first column
            return {"out": np.asarray(rows)[:, 0].astype(np.int64)}
        if suffix == ".joblib":
            return {"predict": _joblib(content).predict(rows)}
        return _onnx(content, name, rows)

    def _version(self, name):
        return _one(self._versions, name)

    def _deployment(self, name):
        return _one(self._deployments, name)

    def _wait(self, name, timeout_s):
        deployment = _one(self._deployments, name)
        if deployment.state == "FAILED":
            raise FailedPrecondition(f"deployment {name} FAILED: the [disk] is full")
        return deployment


def _one(found, name):
    if name not in found:
        raise NotFound(f"there is no {name}")
    return found[name]


def _joblib(content):
    import io

    import joblib

    return joblib.load(io.BytesIO(content))


def _onnx(content, name, rows):
    import onnxruntime

    session = onnxruntime.InferenceSession(content)
    return dict(zip([each.name for each in session.get_outputs()], session.run(None, {name: rows}), strict=True))
