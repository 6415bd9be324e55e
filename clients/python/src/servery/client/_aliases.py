"""Names that move between the versions of a model."""

import servery.registry.v1 as pb
from servery.client._connection import Connection


class Aliases:
    """Aliases of the models of the client's project, such as champion. Where they point is in `Model.aliases`."""

    def __init__(self, registry: Connection, project: str) -> None:
        self._registry = registry
        self._project = project

    def set(self, model: str, alias: str, version: int, *, previous: int | None = None) -> None:
        """Let an alias name a version that is READY, and no other from then on.

        `previous` is the version it names now, 0 for none: raise Aborted when it names another one.
        """
        request = pb.SetAliasRequest(project=self._project, model=model, alias=alias, version=version)
        if previous is not None:
            request.previous_version = previous
        self._registry.call(self._stub().SetAlias, request)

    def delete(self, model: str, alias: str) -> None:
        """Remove an alias. Raise NotFound when the model has none of that name."""
        request = pb.DeleteAliasRequest(project=self._project, model=model, alias=alias)
        self._registry.call(self._stub().DeleteAlias, request)

    def _stub(self) -> pb.AliasServiceStub:
        return self._registry.stub(pb.AliasServiceStub)
