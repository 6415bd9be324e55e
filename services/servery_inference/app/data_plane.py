"""What KServe v2 asks of a server, without the wire."""

from dataclasses import dataclass

from servery.errors import NotFound, Unavailable
from servery_inference.app.repository import Repository
from servery_inference.domain.check import version_number
from servery_inference.domain.model import EncodedResponse, InferRequest, InferResponse, Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the server says of itself."""

    name: str
    version: str
    extensions: tuple[str, ...]


class DataPlane:
    """Answers for the models of a repository. A version is text as it came; empty means: as traffic says."""

    def __init__(self, repository: Repository, server: Server) -> None:
        self.server = server
        self._repository = repository
        self._draining = False

    def live(self) -> bool:
        """The process runs."""
        return True

    def ready(self) -> bool:
        """The node knows what to hold and is not about to stop. A model that is broken changes nothing here."""
        return self._repository.told and not self._draining

    def drain(self) -> None:
        """Say from now on that requests should go elsewhere."""
        self._draining = True

    def model_ready(self, project: str, name: str, version: str) -> bool:
        """Whether a prediction would be answered now. Raise InvalidArgument when the version is no number."""
        number = version_number(version)
        try:
            return self._repository.pick(project, name, number).available
        except (NotFound, Unavailable):
            return False

    def model_metadata(self, project: str, name: str, version: str) -> tuple[list[str], Signature]:
        """Versions that answer, only the one that was named if one was, and the signature of the model."""
        number = version_number(version)
        loaded = self._repository.pick(project, name, number)
        versions = self._repository.versions(project, name) if number is None else [loaded.version]
        return versions, loaded.signature

    async def infer(
        self, project: str, name: str, version: str, request: InferRequest
    ) -> tuple[str, InferResponse | EncodedResponse]:
        """The version that answered, and its answer.

        Raise NotFound for an unknown model, InvalidArgument for a request that does not fit it, and what its backend
        raises.
        """
        loaded = self._repository.pick(project, name, version_number(version))
        loaded.check(request)
        with loaded:
            return loaded.version, await loaded.backend.infer(request)
