"""A model that answers: what it is opened on, what it promises, what it is asked and answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from servery_inference.domain.tensor import Tensor, TensorSpec

Parameter = bool | int | str | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a backend is opened on: one revision of one deployment, its files at hand."""

    project: str
    deployment: str
    """Name of the deployment: model_name on the wire."""

    revision: int
    model: str
    model_version: int
    """Number of the version in the registry: model_version on the wire."""

    version_id: str
    """The registry's id of the version, unique everywhere."""

    framework: str
    """"SKLEARN", "ONNX" …: Framework of the registry, without its prefix."""

    engine: str
    """"LOCAL" or "TRITON": Engine of the serving service, without its prefix."""

    folder: Path
    """Folder with the version's files. Read-only: it may be shared with other revisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a loaded model takes and gives."""

    platform: str
    """As in the metadata of Triton, such as "onnxruntime_onnx"."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferRequest:
    """A request for a prediction, checked against the signature before a backend sees it."""

    id: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    inputs: tuple[Tensor, ...]
    outputs: tuple[str, ...] = ()
    """Names of the outputs that are asked for; empty means all."""

    encoded: bytes = b""
    """The request as it came, a serialised inference.ModelInferRequest, for backends that pass it on unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferResponse:
    """An answer as tensors, in the order of the signature."""

    outputs: tuple[Tensor, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EncodedResponse:
    """An answer as it came from another KServe v2 server: a serialised inference.ModelInferResponse.

    The names of model and version in it are that server's own; the edge writes ours over them.
    """

    message: bytes


class Backend(Protocol):
    """Runs one model. A class of it is one file in `backends/`, and takes a Source."""

    async def load(self) -> Signature:
        """Make the model ready to answer. Called once, before anything else.

        Raise ServeryError when it can't be done: FailedPrecondition when the files or this machine do not fit (its
        message is what the user reads as the deployment's reason), Unavailable when trying again may help.
        """

    async def infer(self, request: InferRequest) -> InferResponse | EncodedResponse:
        """Answer a request that fits the signature. Many at once; cancelled when the caller gives up."""

    async def close(self) -> None:
        """Let go of everything. Called once, after the last answer; also after a load that failed."""
