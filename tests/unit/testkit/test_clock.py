from __future__ import annotations

import asyncio

import pytest

from foxtrot.errors import InvalidRequest, StateError
from foxtrot.ports import Clock
from foxtrot.testkit.clock import DEFAULT_START_NS, NS, VirtualClock


async def test_time_stands_still_until_it_is_advanced() -> None:
    clock: Clock = VirtualClock(start_ns=5 * NS)
    await asyncio.sleep(0)
    assert (clock.time_ns(), clock.monotonic()) == (5 * NS, 0.0)


async def test_advance_moves_wall_time_and_monotonic_time_alike() -> None:
    clock = VirtualClock()
    await clock.advance(1.25)
    assert clock.time_ns() == DEFAULT_START_NS + 1_250_000_000
    assert clock.monotonic() == 1.25


async def test_ten_tenths_are_exactly_one_second() -> None:
    clock = VirtualClock(start_ns=0)
    for _ in range(10):
        await clock.advance(0.1)
    assert clock.time_ns() == NS


async def test_a_sleeper_wakes_at_its_own_moment_and_not_before() -> None:
    clock = VirtualClock(start_ns=0)
    woke: list[int] = []

    async def sleeper() -> None:
        await clock.sleep(2)
        woke.append(clock.time_ns())

    task = asyncio.create_task(sleeper())
    await clock.advance(1.999_999_999)
    assert woke == []
    await clock.advance(10)
    assert woke == [2 * NS]
    assert clock.monotonic() == 11.999_999_999
    await task


async def test_sleepers_wake_by_deadline_and_equal_deadlines_in_the_order_they_slept() -> None:
    clock = VirtualClock()
    woke: list[str] = []

    async def sleeper(name: str, delay_s: float) -> None:
        await clock.sleep(delay_s)
        woke.append(name)

    async with asyncio.TaskGroup() as group:
        for name, delay_s in (("late", 3), ("first", 1), ("second", 1), ("third", 1), ("middle", 2)):
            group.create_task(sleeper(name, delay_s))
        await clock.advance(3)
    assert woke == ["first", "second", "third", "middle", "late"]


async def test_one_advance_carries_a_periodic_task_through_all_its_periods() -> None:
    clock = VirtualClock(start_ns=0)
    ticks: list[int] = []

    async def periodic() -> None:
        for _ in range(5):
            await clock.sleep(0.1)
            ticks.append(clock.time_ns())

    task = asyncio.create_task(periodic())
    await clock.advance(0.35)
    assert ticks == [100_000_000, 200_000_000, 300_000_000]
    await clock.advance(1)
    assert len(ticks) == 5
    await task


async def test_whatever_a_wake_sets_off_runs_before_the_next_sleeper_wakes() -> None:
    clock = VirtualClock()
    log: list[str] = []

    async def chain(depth: int) -> None:
        if depth:
            await asyncio.create_task(chain(depth - 1))
        else:
            log.append("chain done")

    async def first() -> None:
        await clock.sleep(1)
        await chain(50)

    async def second() -> None:
        await clock.sleep(1)
        log.append("second")

    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        group.create_task(second())
        await clock.advance(1)
    assert log == ["chain done", "second"]


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(1))
    await clock.settle()
    assert (clock.pending, clock.next_in_s) == (1, 1.0)
    task.cancel()
    await clock.settle()
    assert (clock.pending, clock.next_in_s) == (0, None)
    await clock.advance(2)
    assert task.cancelled()


async def test_sleeping_for_nothing_gives_way_to_other_tasks_and_returns() -> None:
    clock = VirtualClock()
    ran: list[int] = []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    await clock.sleep(0)
    assert ran == [1]
    await clock.sleep(-1)


async def test_going_back_in_time_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="cannot go back by -1 s"):
        await VirtualClock().advance(-1)


async def test_two_tasks_advancing_at_once_is_refused() -> None:
    clock = VirtualClock()
    task = asyncio.create_task(clock.advance(1))
    with pytest.raises(StateError, match="Another task is advancing"):
        await asyncio.gather(task, clock.advance(1))
    await task


async def test_a_task_that_never_sleeps_is_reported_instead_of_hanging_the_test() -> None:
    spinning = True

    def spin() -> None:
        if spinning:
            asyncio.get_running_loop().call_soon(spin)

    spin()
    with pytest.raises(StateError, match="spins without sleeping"):
        await VirtualClock().advance(1)
    spinning = False
