"""What the global options say, and the client that follows from it."""

from dataclasses import dataclass

import typer

import servery


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The global options of one run; None is what was not given."""

    registry: str | None = None
    serving: str | None = None
    inference: str | None = None
    project: str | None = None
    debug: bool = False

    def connect(self, *, timeout_s: float = 10.0) -> servery.Client:
        """A client of the services that the options name."""
        return servery.connect(self.registry, self.serving, self.inference, project=self.project, timeout_s=timeout_s)


def client(context: typer.Context) -> servery.Client:
    """The client of a command."""
    session: Session = context.find_object(Session) or Session()
    return session.connect()
