"""A model in hsml's words: one version of it, saved or not yet."""

import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import servery
from servery.client._crew import PARALLEL
from servery.errors import FailedPrecondition, InvalidArgument
from servery.hsml._draft import Draft
from servery.hsml.model_schema import ModelSchema

_UPLOAD: Final = {"simultaneous_uploads", "chunk_size", "max_chunk_retries"}


class Model:
    """One version of a model. Made by `create_model`, `get_model`, `get_models` and `get_best_model`.

    What needs the registry raises FailedPrecondition before `save`.
    """

    def __init__(self, client: servery.Client, of: Draft | servery.Version) -> None:
        self._client = client
        self._draft = of if isinstance(of, Draft) else None
        self._version = of if isinstance(of, servery.Version) else None

    def save(
        self,
        model_path: str | os.PathLike[str],
        await_registration: int = 480,
        keep_original_files: bool = False,
        upload_configuration: Mapping[str, Any] | None = None,
    ) -> "Model":
        """Upload a file or folder as the files of this model, and register it. The same again goes on where it was.

        Args:
            model_path: a file, or a folder with all that is in it.
            await_registration: of no effect: when this returns, the model is registered.
            keep_original_files: of no effect: files are never moved.
            upload_configuration: `simultaneous_uploads` is how many files are under way at once (3); `chunk_size` and
                `max_chunk_retries` are of no effect: an upload goes on where it was as long as bytes move.

        Raise AlreadyExists when the version number is taken, FailedPrecondition when the model is saved already.
        """
        if self._draft is None:
            raise FailedPrecondition(
                f"model {self.id} is saved already, and its files never change: make another version with create_model",
                subject=f"model {self.id}",
                reason="MODEL_SAVED",
            )
        unknown = sorted(set(upload_configuration or {}) - _UPLOAD)
        if unknown:
            raise InvalidArgument(
                f"upload_configuration has no {', '.join(unknown)}; it has {', '.join(sorted(_UPLOAD))}",
                field="upload_configuration",
            )
        parallel = int((upload_configuration or {}).get("simultaneous_uploads", PARALLEL))
        wish = self._draft.wish
        self._version = self._client.push(
            model_path,
            name=wish.model,
            framework=wish.framework,
            version=wish.version,
            metrics=wish.metrics,
            description=wish.description,
            input_example=wish.input_example,
            schema=wish.schema,
            provenance=wish.provenance,
            tags=wish.tags,
            parallel=parallel,
        )
        self._draft = None
        return self

    def download(self, local_path: str | os.PathLike[str] | None = None) -> str:
        """Download the files into a folder, and answer its path; None means a new temporary one, which is yours.

        What this machine has downloaded before comes from its cache.
        """
        there = self._saved()
        if local_path is None:
            local_path = Path(tempfile.mkdtemp(prefix="servery-"), there.model, str(there.version))
        return str(self._client.pull(there.model, there.version, local_path))

    def delete(self) -> None:
        """Remove this version, its files and what is known of it. Raise FailedPrecondition while it is deployed."""
        there = self._saved()
        self._client.versions.delete(there.model, there.version)

    def deploy(
        self, name: str | None = None, description: str | None = None, engine: str = "local"
    ) -> servery.Deployment:
        """Create a deployment of this version; it is not started. See `servery.Client.deployments`.

        The name defaults to the model's without "_" and "-". Raise AlreadyExists when it is taken.
        """
        there = self._saved()
        return self._client.deployments.create(
            there.model, version=there.version, name=name, engine=engine, description=description or ""
        )

    def add_tag(self, name: str, value: Any) -> None:
        """Set a tag, or change its value. Raise InvalidArgument when it does not fit the schema of the name."""
        there = self._saved()
        self._client.tags.set(there.model, name, value, version=there.version)

    def set_tag(self, name: str, value: Any) -> None:
        """The same as `add_tag`."""
        self.add_tag(name, value)

    def delete_tag(self, name: str) -> None:
        """Remove a tag. Raise NotFound when there is none of that name."""
        there = self._saved()
        self._client.tags.delete(there.model, name, version=there.version)

    def get_tag(self, name: str) -> Any:
        """The value of a tag as it is now; None when there is none of that name."""
        return self.get_tags().get(name)

    def get_tags(self) -> dict[str, Any]:
        """All tags as they are now."""
        there = self._saved()
        self._version = self._client.versions.get(there.model, there.version, show_pending=True)
        return dict(self._version.tags)

    def missing_mandatory_tags(self) -> list[str]:
        """Names of tags that the project asks of every model, and that this one has not."""
        return list(self._saved().missing_mandatory_tags)

    @property
    def id(self) -> str:
        """Name and version, as in "mnist_1"; the name alone before `save` without a version."""
        return self.name if self.version is None else f"{self.name}_{self.version}"

    @property
    def name(self) -> str:
        return self._version.model if self._version else self._wish.model

    @property
    def version(self) -> int | None:
        """None before `save`, unless it was given."""
        return self._version.version if self._version else self._wish.version

    @property
    def framework(self) -> str:
        """In capitals, as in "SKLEARN"."""
        return (self._version or self._wish).framework.upper()

    @property
    def description(self) -> str:
        return (self._version or self._wish).description

    @property
    def training_metrics(self) -> dict[str, float]:
        return dict((self._version or self._wish).metrics or {})

    @property
    def input_example(self) -> Any:
        return (self._version or self._wish).input_example

    @property
    def model_schema(self) -> ModelSchema | None:
        schema = (self._version or self._wish).schema
        return None if schema is None else ModelSchema.from_servery(schema)

    @property
    def created(self) -> datetime | None:
        """None before `save`."""
        return None if self._version is None else self._version.create_time

    @property
    def creator(self) -> str | None:
        """None before `save`."""
        return None if self._version is None else self._version.creator

    @property
    def user(self) -> str | None:
        """The same as `creator`."""
        return self.creator

    @property
    def program(self) -> str:
        return self._provenance.program

    @property
    def environment(self) -> str:
        return self._provenance.environment

    @property
    def feature_view(self) -> str:
        """Name of the feature view its data came from."""
        return self._provenance.feature_view

    @property
    def training_dataset_version(self) -> int | None:
        return self._provenance.training_dataset_version or None

    @property
    def project_name(self) -> str:
        return self._client.project

    def __repr__(self) -> str:
        return f"Model(name: {self.name!r}, version: {self.version})"

    @property
    def _wish(self) -> Any:
        return self._draft and self._draft.wish

    @property
    def _provenance(self) -> servery.Provenance:
        return (self._version or self._wish).provenance or servery.Provenance()

    def _saved(self) -> servery.Version:
        if self._version is None:
            raise FailedPrecondition(
                f"model {self.id} is not in the registry yet: save it first, as in model.save('model/')",
                subject=f"model {self.id}",
                reason="MODEL_NOT_SAVED",
            )
        return self._version
