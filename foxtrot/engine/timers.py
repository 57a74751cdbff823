"""Timers on the Clock port: every so often, or once."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from foxtrot.engine.isolation import passes
from foxtrot.engine.worker import Worker

if TYPE_CHECKING:
    from foxtrot.ports import Clock

TimerHandler = Callable[[], Awaitable[None] | None]


class Timer(Worker):
    """Call a handler on time until cancelled; the handle of `EventEngine.every` and `EventEngine.after`.

    Ticks are laid out from the start (no drift) and never overlap: those that fall due while the handler still works
    are left out and counted in `skipped`. `fired` counts runs, `failed` those that raised.
    """

    def __init__(
        self,
        name: str,
        interval_s: float,
        handler: TimerHandler,
        clock: Clock,
        on_failure: Callable[[Timer, BaseException], None],
        *,
        once: bool,
    ) -> None:
        super().__init__(name)
        self.interval_s = interval_s
        self.fired = 0
        self.failed = 0
        self.skipped = 0
        self._handler = handler
        self._clock = clock
        self._on_failure = on_failure
        self._once = once

    @property
    def active(self) -> bool:
        """Tell whether the timer will fire again."""
        return not self.closed

    @property
    def waiting(self) -> int:
        """Return 0: a timer holds no events."""
        return 0

    def forget(self) -> None:
        """Do nothing: a timer holds no events."""

    def cancel(self) -> None:
        """Fire no more; a run under way is finished. Repeating is harmless."""
        self.close()

    def close(self) -> None:
        """Fire no more; a run under way is finished."""
        super().close()
        if self.task is not None and not self.working:
            self.task.cancel()

    async def _run(self) -> None:
        started = self._clock.monotonic()
        tick = 0
        while not self.closed:
            tick += 1
            await self._clock.sleep(max(0.0, started + tick * self.interval_s - self._clock.monotonic()))
            await self._fire()
            if self._once:
                self.closed = True
            else:
                tick = self._catch_up(tick, self._clock.monotonic() - started)

    def _catch_up(self, tick: int, elapsed_s: float) -> int:
        passed = max(tick, int(elapsed_s / self.interval_s))
        self.skipped += passed - tick
        return passed

    async def _fire(self) -> None:
        self.working = True
        self.fired += 1
        try:
            result = self._handler()
            if result is not None and inspect.isawaitable(result):
                await result
        except BaseException as error:  # isolation seam: told by on_failure
            if passes(error):
                self.cut = True
                raise
            self._on_failure(self, error)
        finally:
            self._rest()

    def __repr__(self) -> str:
        kind = "after" if self._once else "every"
        state = "active" if self.active else "ended"
        return f"<Timer {self.name} {kind} {self.interval_s} s: {state}, {self.fired} fired, {self.failed} failed>"
