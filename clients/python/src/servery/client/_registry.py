"""Models and versions of a registry."""

import uuid
from collections.abc import Iterator, Mapping

import servery.registry.v1 as pb
from servery.client import _convert as convert
from servery.client._connection import Connection
from servery.client._pages import pages
from servery.client._resources import File, Model, Version
from servery.errors import AlreadyExists, NotFound


class Models:
    """Models of the client's project."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def create(self, name: str, *, description: str = "") -> Model:
        """Create a model, without versions. Raise AlreadyExists when the project has one of that name."""
        request = pb.CreateModelRequest(
            project=self._project, name=name, description=description, request_id=str(uuid.uuid4())
        )
        response = self._registry.call(self._stub().CreateModel, request)
        return convert.model_from_proto(response.model)

    def get(self, name: str) -> Model:
        """Get one model. Raise NotFound when there is none of that name."""
        request = pb.GetModelRequest(project=self._project, name=name)
        return convert.model_from_proto(self._registry.call(self._stub().GetModel, request).model)

    def ensure(self, name: str) -> Model:
        """The model of that name, created if there was none."""
        try:
            return self.get(name)
        except NotFound:
            pass
        try:
            return self.create(name)
        except AlreadyExists:  # somebody else was faster
            return self.get(name)

    def list(self) -> Iterator[Model]:
        """All models, ordered by name; pages are fetched as they are wanted."""

        def ask(size: int, token: str) -> pb.ListModelsResponse:
            request = pb.ListModelsRequest(project=self._project, page_size=size, page_token=token)
            answer: pb.ListModelsResponse = self._registry.call(self._stub().ListModels, request)
            return answer

        return (convert.model_from_proto(model) for page in pages(ask) for model in page.models)

    def _stub(self) -> pb.ModelServiceStub:
        return self._registry.stub(pb.ModelServiceStub)


class Versions:
    """Versions of the models of the client's project."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def create(
        self,
        model: str,
        *,
        framework: str,
        version: int | None = None,
        metrics: Mapping[str, float] | None = None,
        description: str = "",
    ) -> Version:
        """Create a version that is PENDING and has no files; `Client.push` does this and the rest.

        `version` None means the next free number. Raise NotFound when there is no such model, AlreadyExists when the
        number is taken.
        """
        request = pb.CreateVersionRequest(
            project=self._project,
            model=model,
            version=version or 0,
            framework=convert.framework_to_proto(framework),
            metrics=dict(metrics or {}),
            description=description,
            request_id=str(uuid.uuid4()),
        )
        response = self._registry.call(self._stub().CreateVersion, request)
        return convert.version_from_proto(response.version)

    def get(self, model: str, version: int | None = None, *, show_pending: bool = False) -> Version:
        """Get one version; None means the latest that is READY. Raise NotFound when there is none."""
        request = pb.GetVersionRequest(
            project=self._project, model=model, version=version or 0, show_pending=show_pending
        )
        return convert.version_from_proto(self._registry.call(self._stub().GetVersion, request).version)

    def list(self, model: str, *, show_pending: bool = False) -> Iterator[Version]:
        """Versions of a model, newest number first; pages are fetched as they are wanted."""

        def ask(size: int, token: str) -> pb.ListVersionsResponse:
            request = pb.ListVersionsRequest(
                project=self._project, model=model, page_size=size, page_token=token, show_pending=show_pending
            )
            answer: pb.ListVersionsResponse = self._registry.call(self._stub().ListVersions, request)
            return answer

        return (convert.version_from_proto(version) for page in pages(ask) for version in page.versions)

    def finalize(self, model: str, version: int) -> Version:
        """Make a version READY. Raise FailedPrecondition when it has no file, or an upload is unfinished."""
        request = pb.FinalizeVersionRequest(project=self._project, model=model, version=version)
        return convert.version_from_proto(self._registry.call(self._stub().FinalizeVersion, request).version)

    def _stub(self) -> pb.VersionServiceStub:
        return self._registry.stub(pb.VersionServiceStub)


class Files:
    """Files of a version."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def list(self, model: str, version: int | None = None) -> Iterator[File]:
        """Files of a version, ordered by path; None means the latest version."""

        def ask(size: int, token: str) -> pb.ListFilesResponse:
            request = pb.ListFilesRequest(
                project=self._project, model=model, version=version or 0, page_size=size, page_token=token
            )
            answer: pb.ListFilesResponse = self._registry.call(
                self._registry.stub(pb.FileServiceStub).ListFiles, request
            )
            return answer

        return (convert.file_from_proto(file) for page in pages(ask) for file in page.files)
