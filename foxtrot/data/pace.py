"""When replayed things are due: as fast as the recorded clock, a multiple of it, or as fast as possible."""

from __future__ import annotations

from math import isfinite

from foxtrot.clock import SystemClock
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import InvalidRequest
from foxtrot.model.times import NS_PER_S
from foxtrot.ports import Clock

_EVERY = 250  # steps between two looks at slow subscribers, well below the size of any queue


class Pace:
    """Wait until a recorded time has come; in between let queued subscribers work off what they have.

    Raises InvalidRequest for a speed below 0.
    """

    def __init__(self, speed: float, engine: EventEngine, clock: Clock | None = None) -> None:
        if not speed >= 0 or not isfinite(speed):
            raise InvalidRequest(f"speed must be 0 (as fast as possible) or above, not {speed}.", field="speed")
        self._speed = speed
        self._engine = engine
        self._clock: Clock = clock or SystemClock()
        self._first_ns: int | None = None
        self._began = 0.0
        self._steps = 0

    async def until(self, time_ns: int) -> None:
        """Return when `time_ns` is due."""
        self._steps += 1
        if self._steps % _EVERY == 0:
            await self.settle()
        if not self._speed:
            return
        if self._first_ns is None:
            self._first_ns, self._began = time_ns, self._clock.monotonic()
        due = self._began + (time_ns - self._first_ns) / NS_PER_S / self._speed
        wait = due - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)

    async def settle(self) -> None:
        """Return once every subscriber has handled what was published; others on the loop get their turn."""
        await self._clock.sleep(0)
        await self._engine.drain()
