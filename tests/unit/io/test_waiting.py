"""Waits are bounded by the clock given and leave nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from foxtrot.io.waiting import at_most, wait_at_most
from foxtrot.testkit.clock import VirtualClock


async def test_a_result_in_time_is_returned_and_an_error_raised() -> None:
    clock = VirtualClock()

    async def work(error: Exception | None) -> int:
        await clock.sleep(1)
        if error is not None:
            raise error
        return 5

    waiting = asyncio.ensure_future(at_most(work(None), 2, clock))
    await clock.advance(1)
    assert await waiting == 5
    waiting = asyncio.ensure_future(at_most(work(KeyError("x")), 2, clock))
    await clock.advance(1)
    with pytest.raises(KeyError):
        await waiting
    assert clock.pending == 0


async def test_work_that_takes_too_long_is_cancelled() -> None:
    clock = VirtualClock()
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("work")

    waiting = asyncio.ensure_future(at_most(work(), 2, clock))
    await clock.advance(2)
    with pytest.raises(TimeoutError):
        await waiting
    assert (ended, len(asyncio.all_tasks())) == (["work"], 1)


async def test_a_caller_who_gives_up_leaves_neither_work_nor_timer() -> None:
    clock = VirtualClock()
    waiting = asyncio.ensure_future(wait_at_most(asyncio.Event(), 2, clock))
    await clock.settle()
    waiting.cancel()
    await asyncio.wait({waiting})
    assert (clock.pending, len(asyncio.all_tasks())) == (0, 1)


async def test_an_event_is_told_from_the_end_of_time() -> None:
    clock, event = VirtualClock(), asyncio.Event()
    waiting = asyncio.ensure_future(wait_at_most(event, 2, clock))
    await clock.advance(1)
    event.set()
    assert await waiting is True
    waiting = asyncio.ensure_future(wait_at_most(asyncio.Event(), 2, clock))
    await clock.advance(2)
    assert await waiting is False
