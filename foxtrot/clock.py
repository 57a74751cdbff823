"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Implement the Clock port by the operating system's clocks."""

    # Read for each frame: the functions themselves, since a method around each would double what they cost.
    time_ns = staticmethod(time.time_ns)  # UTC wall time in ns
    monotonic = staticmethod(time.monotonic)  # seconds that never go back

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds."""
        await asyncio.sleep(delay_s)
