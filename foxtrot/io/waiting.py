"""Waiting for an event, but no longer than a clock says."""

from __future__ import annotations

import asyncio

from foxtrot.ports import Clock


async def wait_at_most(event: asyncio.Event, limit_s: float, clock: Clock) -> bool:
    """Return True once the event is set, False after `limit_s` seconds of the clock; leaves no task behind."""
    waiting = asyncio.ensure_future(event.wait())
    sleeping = asyncio.ensure_future(clock.sleep(limit_s))
    try:
        await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (waiting, sleeping):
            task.cancel()
        await asyncio.gather(waiting, sleeping, return_exceptions=True)
    return event.is_set()
