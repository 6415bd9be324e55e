"""What happens to a tag when its schema changes while the value is held against it."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from servery.errors import Aborted, FailedPrecondition
from servery_registry.app import tags as tags_module
from servery_registry.app.models import ModelUseCases
from servery_registry.app.tags import TagUseCases
from servery_registry.domain.tag import TagSchema
from tests.contracts.registry_material import PROJECT, WHO, new_model
from tests.fakes.registry_work import FakeStore

NOW = datetime(2030, 1, 2, tzinfo=UTC)
SCHEMA = TagSchema(project=PROJECT, name="team", json_schema="true", mandatory=False, update_time=NOW)


class MeddledSchemas:
    """Finds nothing wrong, and lets somebody else act meanwhile."""

    def __init__(self) -> None:
        self.meanwhile: Any = None

    async def problem(self, json_schema: str) -> str | None:
        return None

    async def misfit(self, json_schema: str, value: Any) -> str | None:
        if self.meanwhile is not None:
            await self.meanwhile
        return None


@pytest.fixture
def schemas() -> MeddledSchemas:
    return MeddledSchemas()


@pytest.fixture
async def tags(schemas) -> TagUseCases:
    work, ids = FakeStore().begin_work, map(str, itertools.count(1))
    await ModelUseCases(work, lambda: NOW, ids.__next__).create(new_model(), creator=WHO)
    return TagUseCases(work, schemas, lambda: NOW, ids.__next__)


async def test_a_value_held_against_a_schema_that_is_old_is_not_set(tags, schemas):
    await tags.set_schema(SCHEMA)
    schemas.meanwhile = tags.set_schema(replace(SCHEMA, json_schema="false"))
    with pytest.raises(Aborted) as caught:
        await tags.set(PROJECT, "iris", 0, "team", 1)
    assert caught.value.reason == "TAG_SCHEMA_CHANGED"
    schemas.meanwhile = None
    await tags.set(PROJECT, "iris", 0, "team", 1)


async def test_a_schema_removed_meanwhile_counts_too(tags, schemas):
    await tags.set_schema(SCHEMA)
    schemas.meanwhile = tags.delete_schema(PROJECT, "team")
    with pytest.raises(Aborted):
        await tags.set(PROJECT, "iris", 0, "team", 1)


async def test_a_project_has_so_many_schemas_and_no_more(tags, monkeypatch):
    monkeypatch.setattr(tags_module, "MAX_SCHEMAS", 1)
    await tags.set_schema(SCHEMA)
    with pytest.raises(FailedPrecondition) as caught:
        await tags.set_schema(replace(SCHEMA, name="cost"))
    assert caught.value.reason == "TOO_MANY_TAG_SCHEMAS"
    await tags.set_schema(replace(SCHEMA, mandatory=True))
