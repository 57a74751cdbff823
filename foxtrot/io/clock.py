"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Implement the Clock port by the operating system's clocks."""

    def time_ns(self) -> int:
        """Return UTC wall time in ns."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds."""
        await asyncio.sleep(delay_s)
