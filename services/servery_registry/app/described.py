"""Models and versions with all that is kept apart from them: aliases, tags, input examples.

What changes of these changes the model or version too: its etag and its update time.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from servery_registry.domain.listing import Listing
from servery_registry.domain.model import Model
from servery_registry.domain.unit_of_work import UnitOfWork
from servery_registry.domain.version import Version

EXAMPLES_BYTES: Final = 3 * 1024 * 1024
"""Where a list of versions is cut: no more examples than that are held in memory for one answer."""


async def described_models(work: UnitOfWork, models: Sequence[Model]) -> list[Model]:
    """Models of one project, with aliases and tags."""
    if not models:
        return []
    project, names = models[0].project, [model.name for model in models]
    aliases = await work.aliases.of_models(project, names)
    tags = await work.tags.of(project, [(name, 0) for name in names])
    return [
        replace(model, aliases=dict(aliases.get(model.name, {})), tags=dict(tags.get((model.name, 0), {})))
        for model in models
    ]


async def described_model(work: UnitOfWork, model: Model) -> Model:
    return (await described_models(work, [model]))[0]


async def described_versions(work: UnitOfWork, versions: Listing[Version]) -> Listing[Version]:
    """Versions of one project, with all that is known of them; so many, one at least, that they fit in an answer."""
    if not versions.items:
        return versions
    sizes = await work.input_examples.sizes([version.id for version in versions.items])
    items = _fitting(versions.items, [sizes.get(version.id, 0) for version in versions.items])
    project, ids = items[0].project, [version.id for version in items]
    examples = await work.input_examples.of(ids) if sizes else {}
    aliases = await work.aliases.of_versions(ids)
    tags = await work.tags.of(project, [(version.model, version.number) for version in items])
    mandatory = await work.tag_schemas.mandatory(project)
    described = []
    for version in items:
        own = dict(tags.get((version.model, version.number), {}))
        described.append(
            replace(
                version,
                input_example=examples.get(version.id, ""),
                aliases=tuple(aliases.get(version.id, ())),
                tags=own,
                missing_mandatory_tags=tuple(name for name in mandatory if name not in own),
            )
        )
    return Listing(described, more=versions.more or len(items) < len(versions.items))


async def described_version(work: UnitOfWork, version: Version) -> Version:
    return (await described_versions(work, Listing([version], more=False))).items[0]


async def touch(
    work: UnitOfWork,
    owner: Model,
    versions: Sequence[Version],
    now: datetime,
    new_id: Callable[[], str],
    *,
    model: bool = False,
) -> None:
    """Note a change of versions that are locked, and of the model: when it changed itself, or its latest one did."""
    for version in versions:
        await work.versions.save(replace(version, update_time=now, etag=new_id()))
    if model or any(version.number == owner.latest_version for version in versions):
        await work.models.save(replace(owner, update_time=now, etag=new_id()))


def _fitting(versions: Sequence[Version], sizes: Sequence[int]) -> Sequence[Version]:
    total = 0
    for position, size in enumerate(sizes):
        total += size
        if position and total > EXAMPLES_BYTES:
            return versions[:position]
    return versions
