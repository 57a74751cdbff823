"""The engine's tasks taken together: started, waited for, ended."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import msgspec

from foxtrot.engine.consumer import Consumer
from foxtrot.engine.isolation import logger
from foxtrot.engine.timers import Timer
from foxtrot.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from foxtrot.engine.worker import Worker
    from foxtrot.ports import Clock

_CANCEL_GRACE_S = 1.0  # real seconds: a handler that ignores its cancelling must not hold up the end


class StopReport(msgspec.Struct, frozen=True):
    """Say what `stop` left behind: nothing, as a rule.

    `undelivered` holds (subscription name, or "put" for the inbox; events still waiting), `cut` the names of handlers
    that were cancelled at work.
    """

    undelivered: tuple[tuple[str, int], ...] = ()
    cut: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Tell whether everything was delivered and handled."""
        return not (self.undelivered or self.cut)


class Crew:
    """Hold the workers (consumers, timers, the inbox) and the loop they run on."""

    def __init__(self) -> None:
        self._workers: dict[Worker, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def start(self, reopen: Iterable[Worker] = ()) -> None:
        """Bind to the running loop and start all workers, among them those to `reopen` after a `finish`.

        Raises StateError when one is at work still from before (it ignored its cancelling at the last `finish`).
        """
        if stubborn := [worker.name for worker in self._workers if worker.task is not None and not worker.ended]:
            raise StateError(f"Handlers still run from before the last stop: {', '.join(stubborn)}; wait for them.")
        for worker in reopen:
            worker.reopen()
            self._workers[worker] = None
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        for worker in tuple(self._workers):
            self.employ(worker)

    def employ(self, worker: Worker) -> None:
        """Take in a worker until its task ends, and start it as soon as there is a loop."""
        self._workers[worker] = None
        if self._loop is not None:
            worker.start(self._loop).add_done_callback(lambda _: self._retire(worker))

    def dismiss(self, worker: Worker) -> None:
        """Let a worker go: at once where it never started, else when its present run is over."""
        worker.close()
        worker.forget()
        if worker.task is None or worker.ended:
            self._workers.pop(worker, None)

    def consumers(self) -> tuple[Consumer, ...]:
        """Return those workers that are consumers."""
        return tuple(worker for worker in self._workers if isinstance(worker, Consumer))

    def cancel_timers(self) -> None:
        """Let no timer fire any more; runs under way are finished."""
        for worker in tuple(self._workers):
            if isinstance(worker, Timer):
                worker.cancel()

    def require_own_thread(self, what: str) -> None:
        """Raise StateError when the loop runs in another thread."""
        if self._loop is not None and threading.get_ident() != self._thread:
            raise StateError(f"Only the loop's own thread may {what}; use loop.call_soon_threadsafe.")

    def run_on_loop(self, function: Callable[[], None]) -> None:
        """Call `function` at once on the loop's thread and without a loop, else soon on that thread.

        Raises StateError when the loop is closed.
        """
        loop = self._loop
        if loop is None or threading.get_ident() == self._thread:
            function()
            return
        try:
            loop.call_soon_threadsafe(function)
        except RuntimeError as error:
            raise StateError("The engine's event loop is closed, so nothing runs on it.") from error

    def forbid_inside_handler(self, what: str) -> None:
        """Raise StateError when the running task is one of the workers."""
        if any(worker.is_current() for worker in self._workers):
            raise StateError(f"{what}() inside a handler would wait for that handler; call it from another task.")

    async def drain(self) -> None:
        """Return once all workers rest.

        Raises StateError when one has work before the start, or when somebody else cancelled its task.
        """
        await self._all_idle()
        if dead := [worker.name for worker in self._workers if worker.ended and worker.waiting]:
            raise StateError(f"Events wait for {', '.join(dead)}, whose task was cancelled from outside the engine.")

    async def _all_idle(self) -> None:
        while (worker := next((worker for worker in self._workers if not worker.idle), None)) is not None:
            if self._loop is None:
                raise StateError("Events wait for queued handlers but the engine is not started; start() it first.")
            await worker.wait_idle()

    async def drain_within(self, timeout_s: float, clock: Clock) -> None:
        """Drain for at most `timeout_s` seconds of `clock`."""
        if all(worker.idle for worker in self._workers):
            return
        tasks = asyncio.ensure_future(self._all_idle()), asyncio.ensure_future(clock.sleep(timeout_s))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def finish(self) -> StopReport:
        """End all tasks, cancelling those still at work, report what they leave behind, and unbind from the loop."""
        workers = tuple(self._workers)
        for worker in workers:
            busy = not worker.idle
            worker.close()
            if busy and worker.task is not None:
                worker.task.cancel()
        await _end(worker.task for worker in workers)
        report = StopReport(
            undelivered=tuple((worker.name, worker.waiting) for worker in workers if worker.waiting),
            cut=tuple(worker.name for worker in workers if worker.cut or not worker.ended),
        )
        self._loop = None
        if not report.complete:
            logger.error("The engine stopped before all was handled: %s", report)
        return report

    def _retire(self, worker: Worker) -> None:
        if worker.closed:  # else somebody else cancelled its task, and `finish` has to tell what it leaves
            self._workers.pop(worker, None)


async def _end(tasks: Iterable[asyncio.Task[None] | None]) -> None:
    started = [task for task in tasks if task is not None]
    if started:
        await asyncio.wait(started, timeout=_CANCEL_GRACE_S)
