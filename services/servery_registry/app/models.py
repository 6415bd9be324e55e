"""Use cases of models."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from servery_registry.app.described import described_model, described_models
from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model, NewModel, must_be_empty, no_such_model
from servery_registry.domain.remembered import Remembered, fingerprint, must_be_the_same
from servery_registry.domain.unit_of_work import BeginWork
from servery_registry.domain.version import must_be_current

_METHOD = "CreateModel"


class ModelUseCases:
    """Create, get, list, update and delete models. `clock` gives the time in UTC, `new_id` a UUID."""

    def __init__(self, begin_work: BeginWork, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._begin_work = begin_work
        self._clock = clock
        self._new_id = new_id

    async def create(self, new: NewModel, *, creator: str, request_id: str = "") -> Model:
        """Create a model without versions; answer a repeated request with what the first one made.

        Raise AlreadyExists when the project has a model of that name, InvalidArgument when `request_id` was used for
        another request.
        """
        now = self._clock()
        async with self._begin_work() as work:
            if request_id:
                asked = fingerprint(new)
                before = await work.requests.get(new.project, _METHOD, request_id)
                if before is not None:
                    must_be_the_same(before, asked)
                    made = await work.models.get(new.project, before.made)
                    if made.create_time != before.create_time:  # deleted, and another made anew
                        raise no_such_model(new.project, new.name)
                    return await described_model(work, made)
                await work.requests.add(
                    Remembered(
                        project=new.project,
                        method=_METHOD,
                        request_id=request_id,
                        fingerprint=asked,
                        made=new.name,
                        create_time=now,
                    )
                )
            model = Model(
                project=new.project,
                name=new.name,
                description=new.description,
                latest_version=0,
                creator=creator,
                create_time=now,
                update_time=now,
                etag=self._new_id(),
            )
            await work.models.add(model)
            await work.commit()
        return model

    async def get(self, project: str, name: str) -> Model:
        """Raise NotFound when there is none."""
        async with self._begin_work(read_only=True) as work:
            return await described_model(work, await work.models.get(project, name))

    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]:
        """Models of a project whose name begins so, ordered by name."""
        async with self._begin_work(read_only=True) as work:
            found = await work.models.list(project, window, prefix=prefix)
            return Listing(await described_models(work, found.items), more=found.more)

    async def update(self, project: str, name: str, *, description: str | None, etag: str = "") -> Model:
        """Change what is given. A change to what is there already is none.

        Raise NotFound when there is no such model, Aborted when the etag is given and is not the present one.
        """
        async with self._begin_work() as work:
            model = await work.models.lock(project, name)
            must_be_current(f"model {name}", model.etag, etag)
            if description is not None and description != model.description:
                model = replace(model, description=description, update_time=self._clock(), etag=self._new_id())
                await work.models.save(model)
            model = await described_model(work, model)
            await work.commit()
        return model

    async def delete(self, project: str, name: str) -> None:
        """Remove a model that has no versions left. Raise NotFound when there is none, FailedPrecondition otherwise."""
        async with self._begin_work() as work:
            model = await work.models.lock(project, name)
            must_be_empty(model, await work.versions.any_of(project, name))
            await work.models.remove(project, name)
            await work.commit()
