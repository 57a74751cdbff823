"""Waiting, but no longer than a clock says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from foxtrot.ports import Clock

T = TypeVar("T")


async def at_most(work: Awaitable[T], limit_s: float, clock: Clock) -> T:
    """Return what `work` returns. Raises TimeoutError after `limit_s` seconds of the clock; leaves no task behind.

    `work` is cancelled when time runs out or the caller is cancelled.
    """
    working = asyncio.ensure_future(work)
    sleeping = asyncio.ensure_future(clock.sleep(limit_s))
    try:
        await asyncio.wait({working, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise TimeoutError
    finally:
        for one in (working, sleeping):
            one.cancel()
        await asyncio.gather(working, sleeping, return_exceptions=True)


async def wait_at_most(event: asyncio.Event, limit_s: float, clock: Clock) -> bool:
    """Return True once the event is set, False after `limit_s` seconds of the clock; leaves no task behind."""
    try:
        return await at_most(event.wait(), limit_s, clock)
    except TimeoutError:
        return event.is_set()
