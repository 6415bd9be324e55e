"""Telling those who wait that something has changed. Not what: they read it anew, so nothing queues up."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from servery.errors import Unavailable

WORK = "work"
"""Topic of the reconciler: a wish or a node has changed."""


def of_deployment(project: str, name: str) -> Hashable:
    """Topic of one deployment: its wish or its state has changed."""
    return "deployment", project, name


def of_node(node_id: str) -> Hashable:
    """Topic of one node: what it shall hold may have changed."""
    return "node", node_id


class Listener:
    """One who waits. However often a topic changed meanwhile, it wakes once."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._closed = False

    def wake(self, *, closed: bool = False) -> None:
        self._closed |= closed
        self._woken.set()

    async def changed(self) -> None:
        """Wait for a change since the last wait. Raise Unavailable when there will be no more: the service stops."""
        await self._woken.wait()
        if self._closed:
            raise Unavailable(
                "the serving service is stopping; follow again in a moment", reason="STOPPING", retry_after_s=1.0
            )
        self._woken.clear()


class Changes:
    """The meeting place of those who change something and those who wait for it."""

    def __init__(self) -> None:
        self._listeners: dict[Hashable, set[Listener]] = {}
        self._closed = False

    def notify(self, topic: Hashable) -> None:
        """Wake all who listen to a topic."""
        for listener in self._listeners.get(topic, ()):
            listener.wake()

    @contextmanager
    def listen(self, topic: Hashable) -> Iterator[Listener]:
        """Hear of every change from here on; what is read after this is no older than what is heard."""
        listener = Listener()
        if self._closed:
            listener.wake(closed=True)
        self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            there = self._listeners[topic]
            there.discard(listener)
            if not there:
                del self._listeners[topic]

    def close(self) -> None:
        """End every wait, now and from now on."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake(closed=True)
