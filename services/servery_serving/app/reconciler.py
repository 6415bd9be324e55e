"""Makes the world match the wishes. Every step is an «ensure»: a pass that was cut short is made good by the next."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from servery.errors import ServeryError, Unavailable
from servery_serving.app.changes import WORK, Changes, Listener, of_deployment
from servery_serving.app.nodes import Nodes
from servery_serving.domain import state
from servery_serving.domain.clock import Clock
from servery_serving.domain.deployment import Deployment
from servery_serving.domain.node import Probe, Progress, View
from servery_serving.domain.pin import pin_of
from servery_serving.domain.unit_of_work import Store

log = logging.getLogger(__name__)

_AT_ONCE = 16
"""So many deployments are looked after at the same time: one whose node hangs does not hold up the others."""


class Reconciler:
    """Passes over all deployments: when something changed, and often enough to notice that a node is gone."""

    def __init__(self, *, store: Store, nodes: Nodes, probe: Probe, changes: Changes, clock: Clock) -> None:
        self._store = store
        self._nodes = nodes
        self._probe = probe
        self._changes = changes
        self._clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reconcile until the block is left. The first pass is done when the block begins.

        Raise ServeryError when the first pass can't read the wishes: without them nodes would be told to hold nothing.
        """
        with self._changes.listen(WORK) as listener:
            await self.run_once()
            task = asyncio.create_task(self._run(listener), name="reconciler")
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def run_once(self) -> None:
        """One pass. A deployment that fails is logged and passed over; raise ServeryError when none can be read."""
        async with self._store.read() as uow:
            deployments = await uow.deployments.all()
        self._nodes.expire()
        self._nodes.assign(deployments)
        gate = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._ensured(deployment, gate) for deployment in deployments))

    async def _run(self, listener: Listener) -> None:
        tick_s = self._nodes.lease.interval_s / 2
        while True:
            try:
                async with asyncio.timeout(tick_s):
                    await listener.changed()
            except TimeoutError:
                pass
            except Unavailable:  # the service stops
                return
            try:
                await self.run_once()
            except ServeryError as error:
                log.warning("deployments can't be looked after just now: %s", error)
            except Exception:
                log.exception("a pass over the deployments failed")

    async def _ensured(self, deployment: Deployment, gate: asyncio.Semaphore) -> None:
        try:
            async with gate:
                await self._ensure(deployment)
        except ServeryError as error:
            log.warning("deployment %s of %s: %s", deployment.name, deployment.project, error)
        except Exception:
            log.exception("deployment %s of %s can't be looked after", deployment.name, deployment.project)

    async def _ensure(self, deployment: Deployment) -> None:
        views = await self._views(deployment)
        if deployment.deleting:
            await self._ensure_removed(deployment, views)
            return
        settling = self._nodes.settling
        observed = state.observe(deployment, views, settling=settling, now=self._clock.now())
        if observed == deployment.observed:
            return
        async with self._store.write() as uow:
            stored = await uow.deployments.observe(replace(deployment, observed=observed))
            await uow.commit()
        if stored:  # else the wish has changed meanwhile, and the next pass, which that asked for, sees to it
            if observed.state is not deployment.observed.state:
                log.info("deployment %s is %s: %s", deployment.name, observed.state, observed.reason)
            self._changes.notify(of_deployment(deployment.project, deployment.name))

    async def _ensure_removed(self, deployment: Deployment, views: list[View]) -> None:
        held = any(view.status is not None for view in views)
        if held or (deployment.ever_started and self._nodes.settling):
            return
        async with self._store.write() as uow:
            await uow.unpins.add(pin_of(deployment))
            await uow.deployments.remove(deployment.id)
            await uow.commit()
        self._changes.notify(WORK)  # the pin is to be undone

    async def _views(self, deployment: Deployment) -> list[View]:
        if not deployment.started:
            self._nodes.forget_answers(deployment.key)
            return self._nodes.views(deployment.key)
        return await asyncio.gather(*(self._asked(view, deployment) for view in self._nodes.views(deployment.key)))

    async def _asked(self, view: View, deployment: Deployment) -> View:
        if view.answer is not None or view.status is None or view.status.progress is not Progress.READY:
            return view
        answer = await self._probe.ask(view.node, deployment.key, deployment.revision.model_version)
        if answer.ready:
            self._nodes.confirm(view.node, deployment.key)
        return replace(view, answer=answer)
