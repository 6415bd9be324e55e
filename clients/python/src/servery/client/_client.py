"""The client: everything a data scientist does, in one object."""

import os
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from servery.client._aliases import Aliases
from servery.client._connection import Connection
from servery.client._crew import PARALLEL
from servery.client._deployments import Deployments, OnChange
from servery.client._health import ServiceStatus, check
from servery.client._inference import MESSAGE_BYTES, Inference
from servery.client._metadata import model_schema
from servery.client._metadata import provenance as provenance_of
from servery.client._models import Models
from servery.client._push import Wish
from servery.client._resources import Deployment, Version
from servery.client._schema import ModelSchema, Provenance
from servery.client._storage import Storage
from servery.client._tags import Tags
from servery.client._transfer import OnProgress
from servery.client._transfers import Transfers
from servery.client._versions import Files, Versions
from servery.errors import AlreadyExists, InvalidArgument
from servery.inference import grpc_service_pb2
from servery.registry.v1 import (
    alias_service_pb2,
    file_service_pb2,
    model_service_pb2,
    storage_service_pb2,
    tag_service_pb2,
    version_service_pb2,
)
from servery.serving.v1 import deployment_service_pb2

if TYPE_CHECKING:
    from servery.hsml import ModelRegistry

TIMEOUT_S: Final = 10.0

REGISTRY: Final = ("SERVERY_REGISTRY", "127.0.0.1:8081")
SERVING: Final = ("SERVERY_SERVING", "127.0.0.1:8082")
INFERENCE: Final = ("SERVERY_INFERENCE", "127.0.0.1:8001")
PROJECT: Final = ("SERVERY_PROJECT", "default")

PROJECT_METADATA_KEY: Final = "servery-project"
"""Names the project on the inference protocol, whose messages have no field for it."""


def connect(
    registry: str | None = None,
    serving: str | None = None,
    inference: str | None = None,
    *,
    project: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> "Client":
    """A client of the three services.

    Addresses are host:port. What is not given is read from SERVERY_REGISTRY, SERVERY_SERVING, SERVERY_INFERENCE and
    SERVERY_PROJECT, and is otherwise what `servery up` uses on this machine. Nothing is sent before the first call;
    `timeout_s` is the deadline of each call that has none of its own.
    """
    return Client(
        registry=registry or _setting(REGISTRY),
        serving=serving or _setting(SERVING),
        inference=inference or _setting(INFERENCE),
        project=project or _setting(PROJECT),
        timeout_s=timeout_s,
    )


class Client:
    """Models, versions, files and deployments of one project, and predictions. Made by `servery.connect`.

    A context manager. Safe to use from many threads. Every method raises the errors of `servery.errors`.
    """

    models: Models
    versions: Versions
    aliases: Aliases
    tags: Tags
    files: Files
    storage: Storage
    deployments: Deployments

    def __init__(self, *, registry: str, serving: str, inference: str, project: str, timeout_s: float) -> None:
        if not re.fullmatch(r"[!-~]+", project):
            raise InvalidArgument(f"project {project!r} must be of ASCII characters without spaces", field="project")
        self.project = project
        self._registry = Connection(
            "registry",
            registry,
            variable=REGISTRY[0],
            services=[
                model_service_pb2.DESCRIPTOR.services_by_name["ModelService"],
                version_service_pb2.DESCRIPTOR.services_by_name["VersionService"],
                file_service_pb2.DESCRIPTOR.services_by_name["FileService"],
                alias_service_pb2.DESCRIPTOR.services_by_name["AliasService"],
                tag_service_pb2.DESCRIPTOR.services_by_name["TagService"],
                storage_service_pb2.DESCRIPTOR.services_by_name["StorageService"],
            ],
            timeout_s=timeout_s,
        )
        self._serving = Connection(
            "serving",
            serving,
            variable=SERVING[0],
            services=[deployment_service_pb2.DESCRIPTOR.services_by_name["DeploymentService"]],
            timeout_s=timeout_s,
        )
        self._inference = Connection(
            "inference",
            inference,
            variable=INFERENCE[0],
            services=[grpc_service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]],
            timeout_s=timeout_s,
            message_bytes=MESSAGE_BYTES,
            metadata=[(PROJECT_METADATA_KEY, project)],
        )
        self.models = Models(self._registry, project)
        self.versions = Versions(self._registry, project)
        self.aliases = Aliases(self._registry, project)
        self.tags = Tags(self._registry, project)
        self.files = Files(self._registry, project)
        self.storage = Storage(self._registry)
        self.deployments = Deployments(self._serving, project)
        self._transfers = Transfers(self._registry, project)
        self._predictions = Inference(self._inference)

    def push(
        self,
        path: str | os.PathLike[str],
        *,
        name: str,
        framework: str,
        version: int | None = None,
        metrics: Mapping[str, float] | None = None,
        description: str = "",
        input_example: Any = None,
        schema: ModelSchema | Mapping[str, Any] | None = None,
        provenance: Provenance | Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        aliases: Sequence[str] = (),
        parallel: int = PARALLEL,
        progress: OnProgress | None = None,
    ) -> Version:
        """Register a trained model: a file, or a folder with all that is in it, as a new version of model `name`.

        The model is created if there is none; `version` None means the next free number. The version is visible to
        others once all files are uploaded and verified, and not before; its tags and aliases are set next.

        Goes on by itself after the registry was away for a while. One that failed or was interrupted shows nothing,
        and goes on when the same is pushed again within a day: the same path, files and metadata. `parallel` files are
        under way at once. Raise InvalidArgument when the path holds what can't be pushed, AlreadyExists when the number
        is taken, Unavailable when the registry stays away.
        """
        wish = Wish(
            model=name,
            framework=framework,
            version=version,
            metrics=metrics,
            description=description,
            input_example=input_example,
            schema=None if schema is None else model_schema(schema),
            provenance=None if provenance is None else provenance_of(provenance),
            tags=tags or {},
            aliases=tuple(aliases),
        )
        return self._transfers.push(Path(path), wish.checked(), parallel, progress)

    def pull(
        self,
        name: str,
        version: int | None = None,
        to: str | os.PathLike[str] | None = None,
        *,
        alias: str | None = None,
        parallel: int = PARALLEL,
        progress: OnProgress | None = None,
    ) -> Path:
        """Download the files of a version into folder `to`, and answer the folder.

        Without number and alias it is the latest version, and without `to` the folder «name-version» here. A file is
        there whole and verified, or not at all; what is there already with the same content, or in the cache of this
        machine, is not fetched again, and what was broken off goes on where it was. Raise NotFound when there is no
        such version, DataLoss when bytes are not those of their digest, Unavailable when the registry stays away.
        """
        found = self.versions.get(name, version, alias=alias)
        folder = Path(to) if to is not None else Path(f"{name}-{found.version}")
        self._transfers.pull(found, folder, parallel, progress)
        return folder

    def get_model_registry(self) -> "ModelRegistry":
        """The registry in the words of Hopsworks' client; see `servery.hsml`."""
        registry: ModelRegistry = import_module("servery.hsml").ModelRegistry(self)
        return registry

    def deploy(
        self,
        model: str,
        *,
        version: int | None = None,
        name: str | None = None,
        engine: str = "local",
        wait: bool = False,
        timeout_s: float = 120.0,
        progress: OnChange | None = None,
    ) -> Deployment:
        """Create a deployment of a model and start it; one that serves the same already is started.

        `version` None means the latest, `name` None the model's name without "_" and "-". With `wait`, return when it
        answers, and call `progress` with each form until then; see `Deployments.wait` for what is raised. Raise
        AlreadyExists when a deployment of that name serves something else.
        """
        try:
            deployment = self.deployments.create(model, version=version, name=name, engine=engine)
        except AlreadyExists as error:
            taken = name or error.resource_name or re.sub(r"[^A-Za-z0-9]", "", model)
            deployment = self._existing(taken, model, version, engine)
        deployment = self.deployments.start(deployment.name)
        return self.deployments.wait(deployment.name, timeout_s, on_change=progress) if wait else deployment

    def predict(
        self,
        deployment: str,
        data: Mapping[str, Any] | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        version: int | None = None,
        outputs: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Ask a deployment for predictions.

        Args:
            deployment: its name.
            data: JSON as TensorFlow Serving takes it: {"instances": rows}, answered with {"predictions": …}, or
                {"inputs": columns}, answered with {"outputs": …}. Rows are lists, or objects by the inputs' names. An
                answer of one output has no name in it.
            inputs: instead of data, each input by name as nested lists or a numpy array; answered with each output by
                name, as numpy arrays where numpy is installed and as nested lists where it is not.
            version: the version that must answer; None leaves it to the deployment.
            outputs: names of the outputs wanted; empty means all.
            timeout_s: deadline; None means the client's.

        Raise InvalidArgument that names the input which does not fit, NotFound when there is no such deployment,
        Unavailable when it is not ready.
        """
        return self._predictions.predict(
            deployment, data, inputs=inputs, version=version, outputs=outputs, timeout_s=timeout_s
        )

    def status(self, *, timeout_s: float = 2.0) -> list[ServiceStatus]:
        """Whether each of the three services takes requests. Raises nothing: what is wrong is in the answer."""
        return [check(each, timeout_s=timeout_s) for each in (self._registry, self._serving, self._inference)]

    def close(self) -> None:
        """Close the connections. Calls that still run are cancelled."""
        for connection in (self._registry, self._serving, self._inference):
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _existing(self, name: str, model: str, version: int | None, engine: str) -> Deployment:
        there = self.deployments.get(name)
        wanted = version or self.versions.get(model).version
        if (there.model, there.model_version, there.engine) == (model, wanted, engine.lower()):
            return there
        raise AlreadyExists(
            f"deployment {name} serves version {there.model_version} of {there.model} with engine {there.engine}, not "
            f"version {wanted} of {model} with engine {engine}: give the new one another name, or remove the old one "
            f"first (`servery deployments delete {name}`)",
            reason="DEPLOYMENT_SERVES_ANOTHER",
            resource_type="deployment",
            resource_name=name,
        )


def _setting(setting: tuple[str, str]) -> str:
    variable, default = setting
    return os.environ.get(variable) or default
