"""Count what reaches a user's callback, and what that cost this process."""

from __future__ import annotations

import asyncio
import socket
import statistics
import time
from typing import Any

_LOOK_S, _QUIET_S = 0.05, 1.0


class Meter:
    """Hand `one` (or `some`, `stamped`) to a client as its callback; `run` asks the server for messages and waits."""

    def __init__(self, control_port: int) -> None:
        self.seen = 0
        self.late_us: list[int] = []
        self._target = -1
        self._done = asyncio.Event()
        self._ended = 0.0
        self._control = socket.create_connection(("127.0.0.1", control_port))

    def one(self, _: object = None) -> None:
        """Count a message."""
        self.seen = seen = self.seen + 1
        if seen == self._target:
            self._reached()

    def some(self, count: int) -> None:
        """Count messages that came together."""
        before, self.seen = self.seen, self.seen + count
        if before < self._target <= self.seen:
            self._reached()

    def stamped(self, sent_us: int) -> None:
        """Count a message that says when it was sent."""
        self.late_us.append(time.monotonic_ns() // 1_000 - sent_us)
        self.one()

    async def run(self, count: int, rate: float | None = None) -> dict[str, Any]:
        """Let `count` messages come; return CPU and wall time until the last of them, or until none comes any more."""
        start, self.late_us = self.seen, []
        self._target = start + count
        self._done.clear()
        order = f"go {count}\n" if rate is None else f"pace {count} {rate}\n"
        began, wall = time.process_time(), time.perf_counter()
        self._control.sendall(order.encode())
        await self._finish(start)
        late = sorted(self.late_us)
        return {
            "sent": count,
            "delivered": self.seen - start,
            "cpu_us": (self._ended - began) / count * 1e6,
            "wall_s": time.perf_counter() - wall,
            "p50_us": statistics.median(late) if late else None,
            "p99_us": late[len(late) * 99 // 100] if late else None,
        }

    def close(self) -> None:
        """Let the server end the run."""
        self._control.close()

    def _reached(self) -> None:
        self._ended = time.process_time()
        self._done.set()

    async def _finish(self, seen: int) -> None:
        """Wait for the target; a client that drops or merges messages never reaches it and has to fall silent."""
        quiet_s, started = 0.0, False
        while quiet_s < (_QUIET_S if started else 10 * _QUIET_S):
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._done.wait()
                return
            except TimeoutError:
                quiet_s = 0.0 if self.seen > seen else quiet_s + _LOOK_S
                started, seen = started or self.seen > seen, self.seen
        self._ended = time.process_time()
