"""What the engine's tasks have in common: they work, they rest, they end."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from foxtrot.engine.isolation import describe_error, logger


class Worker(ABC):
    """Run one task that can be waited for until it rests."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.task: asyncio.Task[None] | None = None
        self.working = False
        self.closed = False
        self.cut = False  # the handler was cancelled at work
        self._rested = asyncio.Event()
        self._wake = asyncio.Event()

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Return how many events wait for this worker."""

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits and nothing is at work; an ended worker is idle."""
        return self.ended or not (self.working or self.waiting)

    @property
    def ended(self) -> bool:
        """Tell whether the task ran and is over."""
        return self.task is not None and self.task.done()

    def is_current(self) -> bool:
        """Tell whether the caller runs inside this worker's task."""
        return self.task is not None and asyncio.current_task() is self.task

    def start(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Start the task, for the first time or again, and return it; what waits is worked off first."""
        self._rested = asyncio.Event()  # an Event belongs to the loop that it was first waited for in
        self._wake = asyncio.Event()
        if self.waiting:
            self._wake.set()
        self.task = loop.create_task(self._run(), name=f"foxtrot.engine {self.name}")
        self.task.add_done_callback(self._on_end)
        return self.task

    async def wait_idle(self) -> None:
        """Return once the worker rests with nothing waiting."""
        while not self.idle:
            self._rested.clear()
            await self._rested.wait()

    @abstractmethod
    def forget(self) -> None:
        """Drop what waits."""

    def reopen(self) -> None:
        """Make a closed worker fit to be started again, with nothing waiting."""
        self.forget()
        self.closed = self.cut = False

    def close(self) -> None:
        """Let the task end by itself as soon as it has finished what it is doing."""
        self.closed = True

    @abstractmethod
    async def _run(self) -> None: ...

    def _rest(self) -> None:
        self.working = False
        self._rested.set()

    def _on_end(self, task: asyncio.Task[None]) -> None:
        self._rest()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.critical("The engine's task for %s died: %s", self.name, describe_error(error), exc_info=error)
