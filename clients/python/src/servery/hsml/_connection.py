"""`hsml.connection()`."""

from types import TracebackType
from typing import Self

import servery
from servery.errors import InvalidArgument
from servery.hsml._model_registry import ModelRegistry


def connection(
    registry: str | None = None,
    serving: str | None = None,
    inference: str | None = None,
    *,
    project: str | None = None,
    timeout_s: float = 10.0,
) -> "Connection":
    """A connection to the services; the arguments and what they default to are those of `servery.connect`."""
    return Connection(servery.connect(registry, serving, inference, project=project, timeout_s=timeout_s))


class Connection:
    """A client in hsml's words. A context manager; see `client` for all that is not in them."""

    def __init__(self, client: servery.Client) -> None:
        self.client = client

    def get_model_registry(self, project: str | None = None) -> ModelRegistry:
        """The registry of the connection's project. Raise InvalidArgument for another one: connect to that."""
        if project is not None and project != self.client.project:
            raise InvalidArgument(
                f"the connection is one to project {self.client.project!r}: "
                f"connect to the other with connection(project={project!r})",
                field="project",
            )
        return ModelRegistry(self.client)

    def close(self) -> None:
        """Close the connections to the services."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
