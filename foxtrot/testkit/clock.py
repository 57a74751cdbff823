"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from typing import Any, cast

from foxtrot.errors import InvalidRequest, StateError

NS = 1_000_000_000
DEFAULT_START_NS = 1_700_000_000 * NS
_MAX_TURNS = 10_000


class VirtualClock:
    """Implement the Clock port with time that only `advance` moves.

    Sleepers wake in the order of their deadlines, equal deadlines in the order in which they went to sleep; after each
    one everything that can run does run before the next wakes. Time is kept in whole ns, so it never drifts. Needs
    asyncio's own event loop (not uvloop), the only one that tells whether anything is left to run.
    """

    def __init__(self, start_ns: int = DEFAULT_START_NS) -> None:
        self._start_ns = start_ns
        self._elapsed_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._slept = 0
        self._advancing = False

    def time_ns(self) -> int:
        """Return UTC wall time in ns."""
        return self._start_ns + self._elapsed_ns

    def monotonic(self) -> float:
        """Return the seconds moved so far."""
        return self._elapsed_ns / NS

    @property
    def pending(self) -> int:
        """Return how many sleepers wait."""
        return sum(not future.done() for _, _, future in self._sleepers)

    @property
    def next_in_s(self) -> float | None:
        """Return the seconds until the next sleeper wakes, None when nobody sleeps."""
        due_ns = min((due for due, _, future in self._sleepers if not future.done()), default=None)
        return None if due_ns is None else (due_ns - self._elapsed_ns) / NS

    async def sleep(self, delay_s: float) -> None:
        """Return once `advance` has moved time by `delay_s` seconds; 0 or less gives way to other tasks once."""
        delay_ns = round(delay_s * NS)
        if delay_ns <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._slept += 1
        heapq.heappush(self._sleepers, (self._elapsed_ns + delay_ns, self._slept, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time by `seconds`, waking every sleeper that falls due at its own moment.

        Tasks started before the call get to their first sleep before time moves. Raises InvalidRequest for negative
        seconds, StateError when another task is advancing, or when tasks keep running without ever sleeping.
        """
        if seconds < 0:
            raise InvalidRequest(f"Time cannot go back by {seconds} s; give seconds >= 0.", field="seconds")
        if self._advancing:
            raise StateError("Another task is advancing this clock; await that call first.")
        self._advancing = True
        try:
            await self._advance_to(self._elapsed_ns + round(seconds * NS))
        finally:
            self._advancing = False

    async def settle(self) -> None:
        """Let everything run that can run without time passing (sockets and threads are not waited for)."""
        loop = cast("Any", asyncio.get_running_loop())
        for _ in range(_MAX_TURNS):
            await asyncio.sleep(0)
            if not loop._ready:
                return
        raise StateError(f"Tasks were still running after {_MAX_TURNS} turns of the loop; one spins without sleeping.")

    async def _advance_to(self, target_ns: int) -> None:
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= target_ns:
            due_ns, _, future = heapq.heappop(self._sleepers)
            if future.done():  # its task was cancelled
                continue
            self._elapsed_ns = due_ns
            future.set_result(None)
            await self.settle()
        self._elapsed_ns = target_ns
