"""The way in for other threads: ordered, bounded, one wake-up of the loop per batch."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable

from foxtrot.engine.worker import Worker
from foxtrot.errors import StateError
from foxtrot.model.events import Event

_BATCH = 256  # events published before other tasks get their turn


class Inbox(Worker):
    """Carry events from any thread to the loop's thread, in the order in which they were put.

    `publish` is awaited with each event there, so a full BLOCK queue stops the flow, the inbox fills, and `put` waits.
    """

    def __init__(self, capacity: int, publish: Callable[[Event], Awaitable[None]]) -> None:
        super().__init__("put")
        self._capacity = capacity
        self._publish = publish
        self._events: deque[Event] = deque()
        self._batch: deque[Event] = deque()
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0
        self._signalled = False
        self._refusing = False

    @property
    def waiting(self) -> int:
        """Return how many events are put and not yet published."""
        return len(self._events) + len(self._batch)

    def put(self, event: Event, timeout_s: float | None = None) -> None:
        """Take an event from any thread; while full, wait up to `timeout_s` (None: as long as it takes).

        Raises StateError, and takes nothing, when the time is over, when waiting would block the loop itself, and once
        the engine is stopping.
        """
        with self._changed:
            if len(self._events) >= self._capacity and not self._refusing:
                self._wait_for_room(timeout_s)
            if self._refusing:
                raise StateError("The engine is stopping and takes no more events; this one was not taken.")
            self._signal()
            self._events.append(event)

    def start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Begin to publish on `loop`; what was put before goes first."""
        with self._changed:
            task = super().start(loop)
            self._loop = loop
            self._loop_thread = threading.get_ident()
            self._signalled = bool(self._events)
            self._refusing = False
            return task

    def forget(self) -> None:
        """Drop what waits."""
        with self._changed:
            self._events.clear()
            self._batch.clear()

    def refuse(self) -> None:
        """Take no more events; threads that wait to put one get their StateError."""
        with self._changed:
            self._refusing = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the task; events still waiting are not published."""
        super().close()
        self.refuse()
        self._wake.set()

    def _wait_for_room(self, timeout_s: float | None) -> None:
        full = f"The engine's inbox is full ({self._capacity} events wait)"
        if self._loop is None:
            raise StateError(f"{full} and the engine is not started, so nothing empties it; start() it first.")
        if threading.get_ident() == self._loop_thread:
            raise StateError(f"{full} and put() must not block the loop; use publish() or await publish_blocking().")
        if not self._changed.wait_for(self._has_room, timeout_s):
            raise StateError(f"{full} and none was taken out within {timeout_s} s; a subscriber is too slow.")

    def _has_room(self) -> bool:
        return self._refusing or len(self._events) < self._capacity

    def _signal(self) -> None:
        if self._loop is None or self._signalled:
            return
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError as error:
            raise StateError("The engine's event loop is closed, so nothing can be put.") from error
        self._signalled = True

    async def _run(self) -> None:
        while not self.closed:
            await self._wake.wait()
            self._wake.clear()
            self.working = True
            while self._take_batch() and not self.closed:
                await self._publish_batch()
                await asyncio.sleep(0)
            self._rest()

    def _take_batch(self) -> bool:
        with self._changed:
            while self._events and len(self._batch) < _BATCH:
                self._batch.append(self._events.popleft())
            self._signalled = bool(self._batch)
            self._changed.notify_all()
        return bool(self._batch)

    async def _publish_batch(self) -> None:
        while self._batch and not self.closed:
            await self._publish(self._batch[0])
            self._batch.popleft()
