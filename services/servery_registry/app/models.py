"""Use cases of models."""

from collections.abc import Callable
from datetime import datetime

from servery_registry.domain.listing import Listing, Window
from servery_registry.domain.model import Model, NewModel
from servery_registry.domain.remembered import Remembered, fingerprint, must_be_the_same
from servery_registry.domain.unit_of_work import BeginWork

_METHOD = "CreateModel"


class ModelUseCases:
    """Create, get and list models. `clock` gives the time in UTC, `new_id` a UUID."""

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
                    return await work.models.get(new.project, before.made)
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
            return await work.models.get(project, name)

    async def list(self, project: str, window: Window[str], *, prefix: str = "") -> Listing[Model]:
        """Models of a project whose name begins so, ordered by name."""
        async with self._begin_work(read_only=True) as work:
            return await work.models.list(project, window, prefix=prefix)
