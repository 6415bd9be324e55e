"""Use cases of aliases."""

from collections.abc import Callable
from datetime import datetime

from servery_registry.app.described import touch
from servery_registry.domain.alias import Alias, must_be_nameable, must_have_room, must_name, no_such_alias
from servery_registry.domain.unit_of_work import BeginWork


class AliasUseCases:
    """Set and delete aliases. `clock` gives the time in UTC, `new_id` a UUID."""

    def __init__(self, begin_work: BeginWork, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._begin_work = begin_work
        self._clock = clock
        self._new_id = new_id

    async def set(self, project: str, model: str, alias: str, number: int, *, previous: int | None = None) -> None:
        """Let an alias name a version, and no other.

        Raise NotFound when there is no such version, FailedPrecondition when it is not READY or the model has too many
        aliases, Aborted when `previous` is given (0: no such alias) and the alias names another version.
        """
        now = self._clock()
        async with self._begin_work() as work:
            owner = await work.models.lock(project, model)
            present = await work.aliases.get(project, model, alias)
            if previous is not None:
                must_name(alias, present, previous)
            version = await work.versions.lock((await work.versions.get(project, model, number)).id)
            must_be_nameable(version)
            if present is not None and present.version_id == version.id:
                return
            changed = [version]
            if present is None:
                must_have_room(model, len((await work.aliases.of_models(project, [model])).get(model, {})))
            else:
                changed.append(await work.versions.lock(present.version_id))
            await work.aliases.set(
                Alias(
                    project=project,
                    model=model,
                    name=alias,
                    version_id=version.id,
                    number=number,
                    update_time=now,
                )
            )
            await touch(work, owner, changed, now, self._new_id, model=True)
            await work.commit()

    async def delete(self, project: str, model: str, alias: str) -> None:
        """Raise NotFound when the model has no such alias."""
        async with self._begin_work() as work:
            owner = await work.models.lock(project, model)
            present = await work.aliases.get(project, model, alias)
            if present is None:
                raise no_such_alias(model, alias)
            version = await work.versions.lock(present.version_id)
            await work.aliases.remove(project, model, alias)
            await touch(work, owner, [version], self._clock(), self._new_id, model=True)
            await work.commit()
