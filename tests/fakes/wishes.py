"""Deployments for tests that do not care how they came to be."""

from datetime import UTC, datetime

from servery_serving.domain.deployment import Deployment, Engine, Observation, Revision, State

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def revision(number: int = 1, **given: object) -> Revision:
    """A revision of model iris, version 3, with what is given put in."""
    values: dict[str, object] = {
        "number": number,
        "model": "iris",
        "model_version": 3,
        "version_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "framework": "SKLEARN",
        "engine": Engine.LOCAL,
        "create_time": NOW,
    }
    return Revision(**(values | given))  # type: ignore[arg-type]


def deployment(**given: object) -> Deployment:
    """A deployment of that revision, never started, with what is given put in."""
    values: dict[str, object] = {
        "id": 1,
        "project": "default",
        "name": "iris",
        "description": "",
        "revision": revision(),
        "observed": Observation(state=State.CREATED, reason=""),
        "creator": "anonymous",
        "create_time": NOW,
        "update_time": NOW,
        "etag": "e1",
    }
    return Deployment(**(values | given))  # type: ignore[arg-type]
