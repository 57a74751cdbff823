"""The task behind a queued subscription: one event after the other, in a task of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING

from foxtrot.engine.isolation import passes
from foxtrot.engine.worker import Worker
from foxtrot.model.events import Event

if TYPE_CHECKING:
    from foxtrot.engine.policy import QueuePolicy
    from foxtrot.engine.queues import EventQueue
    from foxtrot.engine.subscription import Subscription

_TURN = 128  # events handled before other tasks get their turn

OnFailure = Callable[["Subscription", Event, BaseException], None]
OnLoss = Callable[["Subscription", "QueuePolicy", Event], None]


class Consumer(Worker):
    """Feed one subscription from its queue.

    `on_failure` hears of every exception of the handler, `on_loss` of the first event lost since the queue was last
    empty (the queue counts all of them).
    """

    def __init__(self, subscription: Subscription, queue: EventQueue, on_failure: OnFailure, on_loss: OnLoss) -> None:
        super().__init__(subscription.name)
        self.queue = queue
        self._subscription = subscription
        self._on_failure = on_failure
        self._on_loss = on_loss
        self._losing = False
        self._room = asyncio.Event()
        self._awaited = False  # somebody waits for room

    @property
    def waiting(self) -> int:
        """Return how many events wait in the queue."""
        return len(self.queue)

    def forget(self) -> None:
        """Drop what waits."""
        self.queue.clear()

    def start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Start the task, for the first time or again, and return it."""
        self._room = asyncio.Event()
        return super().start(loop)

    def offer(self, event: Event) -> None:
        """Queue an event as the policy says, and wake the task if it rests; do nothing once closed."""
        if self.closed:
            return
        if not self.queue.push(event) and not self._losing:
            self._losing = True
            self._on_loss(self._subscription, self.queue.policy, event)
        if not self.working:
            self.working = True
            self._wake.set()

    @property
    def blocks(self) -> bool:
        """Tell whether the running task should wait for room; the consumer itself never should, it makes the room."""
        return self.queue.full and not (self.closed or self.ended or self.is_current())

    async def wait_for_room(self) -> None:
        """Return once the queue has room or the subscription has ended."""
        while self.blocks:
            self._awaited = True
            self._room.clear()
            await self._room.wait()

    def close(self) -> None:
        """End after the handler's present run; events still waiting are not handled."""
        super().close()
        self._wake.set()
        self._room.set()

    def _on_end(self, task: asyncio.Task[None]) -> None:
        super()._on_end(task)
        self._room.set()

    async def _run(self) -> None:
        while not self.closed:
            await self._wake.wait()
            self._wake.clear()
            await self._work_off()
            self._losing = False
            self._rest()

    async def _work_off(self) -> None:
        handled = 0
        while not self.closed and (event := self.queue.pop()) is not None:
            if self._awaited and not self.queue.full:
                self._awaited = False
                self._room.set()
            await self._handle(event)
            handled += 1
            if handled % _TURN == 0:
                await asyncio.sleep(0)

    async def _handle(self, event: Event) -> None:
        subscription = self._subscription
        subscription.last += 1
        started = perf_counter_ns()
        try:
            result = subscription.handler(event)
            if result is not None and inspect.isawaitable(result):
                await result
        except BaseException as error:  # isolation seam: told by on_failure
            if passes(error):
                self.cut = True
                raise
            self._on_failure(subscription, event, error)
        finally:
            subscription.add_time(perf_counter_ns() - started)
