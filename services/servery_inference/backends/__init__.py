"""What runs models: a table of classes, each imported on its first use."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from servery.errors import FailedPrecondition
from servery_inference.domain.assignment import Observe
from servery_inference.domain.model import Backend, Source
from servery_inference.domain.ports import Workers

__all__ = ["Opener", "in_process"]


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    """"module:Class"; the class takes a Source."""

    isolated: bool
    """Whether it runs code that came with the model, and so in a process of its own."""

    extra: str = ""
    """The extra of package servery that brings its libraries; empty when they are always there."""


_FRAMEWORKS: Final = {
    "ONNX": _Entry("servery_inference.backends.onnx:Onnx", isolated=False),
    "SKLEARN": _Entry("servery_inference.backends.sklearn:Sklearn", isolated=True, extra="sklearn"),
}
_TRITON: Final = _Entry("servery_inference.backends.triton:Triton", isolated=False)


class Opener:
    """Opens a backend for a source: in this process, in a worker, or on Triton."""

    def __init__(self, workers: Workers, *, triton_address: str = "") -> None:
        self._workers = workers
        self._triton_address = triton_address

    def open(self, source: Source, observe: Observe) -> Backend:
        """As `domain.ports.Backends` says."""
        if source.engine == "TRITON":
            if not self._triton_address:
                raise FailedPrecondition(
                    "this node knows no Triton; set SERVERY_INFERENCE_TRITON_ADDRESS to host:port of its gRPC, "
                    "or deploy with engine LOCAL",
                    reason="ENGINE_NOT_CONFIGURED",
                )
            return _backend(_TRITON, source, address=self._triton_address)
        if not _entry(source).isolated:
            return in_process(source)
        from servery_inference.backends.isolated import Isolated  # noqa: PLC0415  # brings in gRPC's client side

        return Isolated(source, self._workers, observe)


def in_process(source: Source) -> Backend:
    """The backend of a source, in this process whatever the table says: for workers.

    Raise FailedPrecondition when there is none, or its library is not installed.
    """
    return _backend(_entry(source), source)


def _entry(source: Source) -> _Entry:
    entry = _FRAMEWORKS.get(source.framework)
    if entry is None:
        known = ", ".join(sorted(_FRAMEWORKS))
        raise FailedPrecondition(
            f"framework {source.framework} of model '{source.model}' can't be run here; this node runs {known}",
            reason="FRAMEWORK_NOT_SUPPORTED",
        )
    return entry


def _backend(entry: _Entry, source: Source, **settings: str) -> Backend:
    module, _, name = entry.path.partition(":")
    try:
        cls: Any = getattr(import_module(module), name)
    except ImportError as error:
        install = f'pip install "servery[{entry.extra}]"' if entry.extra else f"pip install {error.name}"
        raise FailedPrecondition(
            f"framework {source.framework} needs the Python module '{error.name}', which is not installed on the "
            f"inference node: {install}",
            reason="LIBRARY_MISSING",
        ) from error
    backend: Backend = cls(source, **settings)
    return backend
