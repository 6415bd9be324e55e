"""Models of a registry."""

import uuid
from collections.abc import Iterator

import servery.registry.v1 as pb
from servery.client import _convert as convert
from servery.client._connection import Connection
from servery.client._pages import pages
from servery.client._resources import Model
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

    def update(self, name: str, *, description: str, etag: str = "") -> Model:
        """Change the description. With an etag only that form is changed: raise Aborted when it is another one now."""
        request = pb.UpdateModelRequest(
            model=pb.Model(project=self._project, name=name, description=description, etag=etag)
        )
        request.update_mask.paths.append("description")
        return convert.model_from_proto(self._registry.call(self._stub().UpdateModel, request).model)

    def delete(self, name: str) -> None:
        """Remove a model that has no versions left. Raise FailedPrecondition while it has some."""
        request = pb.DeleteModelRequest(project=self._project, name=name)
        self._registry.call(self._stub().DeleteModel, request)

    def list(self, *, prefix: str = "") -> Iterator[Model]:
        """Models whose name begins so, ordered by name; pages are fetched as they are wanted."""

        def ask(size: int, token: str) -> pb.ListModelsResponse:
            request = pb.ListModelsRequest(project=self._project, page_size=size, page_token=token, name_prefix=prefix)
            answer: pb.ListModelsResponse = self._registry.call(self._stub().ListModels, request)
            return answer

        return (convert.model_from_proto(model) for page in pages(ask) for model in page.models)

    def _stub(self) -> pb.ModelServiceStub:
        return self._registry.stub(pb.ModelServiceStub)
