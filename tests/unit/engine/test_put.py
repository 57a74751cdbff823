from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from foxtrot.engine.bus import EventEngine, Overflow, QueuePolicy
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.model.events import Event, Trade


async def test_events_put_by_a_thread_arrive_on_the_loop_in_order(engine, trade) -> None:
    seen: list[int] = []
    threads: set[int] = set()

    def handler(event: Event) -> None:
        seen.append(event.seq)
        threads.add(threading.get_ident())

    engine.subscribe(Trade, handler)
    async with engine:
        await asyncio.to_thread(lambda: [engine.put(trade()) for _ in range(2_000)])
        await engine.drain()
    assert seen == list(range(1, 2_001))
    assert threads == {threading.get_ident()}


async def test_events_of_several_threads_all_arrive_each_thread_s_in_order(clock) -> None:
    engine = EventEngine(clock, inbox_capacity=16)  # far too small: the threads have to wait for room
    seen: list[Event] = []
    engine.subscribe(Event, seen.append)

    def putter(name: str) -> None:
        for number in range(500):
            engine.put(Event(name, "", 0, 0, number))

    async with engine:
        await asyncio.gather(*(asyncio.to_thread(putter, name) for name in ("a", "b", "c")))
        await engine.drain()
    assert len(seen) == 1_500
    for name in ("a", "b", "c"):
        assert [event.seq for event in seen if event.exchange == name] == list(range(500))


async def test_many_puts_cost_one_wake_up_of_the_loop(engine, trade, monkeypatch) -> None:
    loop = asyncio.get_running_loop()
    wakes: list[object] = []
    wake = loop.call_soon_threadsafe
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *args: (wakes.append(args), wake(*args)))
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append)
    async with engine:
        for _ in range(100):
            engine.put(trade())
        await engine.drain()
        assert (len(wakes), len(seen)) == (1, 100)
        engine.put(trade())
        await engine.drain()
        assert (len(wakes), len(seen)) == (2, 101)


async def test_events_put_before_the_start_are_delivered_after_it(engine, trade) -> None:
    seen: list[int] = []
    engine.subscribe(Trade, lambda event: seen.append(event.seq))
    engine.put(trade())
    engine.put(trade())
    assert seen == []
    async with engine:
        await engine.drain()
        assert seen == [1, 2]


async def test_a_full_block_queue_makes_putting_threads_wait_and_loses_nothing(clock, trade) -> None:
    engine = EventEngine(clock, inbox_capacity=2)
    begun, gate = asyncio.Event(), asyncio.Event()
    seen: list[int] = []

    async def slow(event: Event) -> None:
        begun.set()
        await gate.wait()
        seen.append(event.seq)

    handle = engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 2, hard_limit=2))
    async with engine, asyncio.TaskGroup() as group:
        putting = group.create_task(asyncio.to_thread(lambda: [engine.put(trade()) for _ in range(600)]))
        await begun.wait()
        assert not putting.done()
        gate.set()
    assert seen == list(range(1, 601))
    assert handle.dropped == 0


async def test_a_put_that_finds_no_room_in_time_says_so_and_takes_nothing(clock, trade) -> None:
    engine = EventEngine(clock, inbox_capacity=1)
    gate = asyncio.Event()
    seen: list[int] = []

    async def slow(event: Event) -> None:
        await gate.wait()
        seen.append(event.seq)

    engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=1))
    taken: list[int] = []

    def putter() -> None:
        while True:
            event = trade()
            engine.put(event, timeout_s=0.001)
            taken.append(event.seq)

    async with engine:
        with pytest.raises(StateError, match=r"none was taken out within 0.001 s"):
            await asyncio.to_thread(putter)
        gate.set()
        await engine.drain()
    assert seen == taken


async def test_a_put_on_the_loop_s_own_thread_never_blocks_the_loop(clock, trade) -> None:
    engine = EventEngine(clock, inbox_capacity=1)
    engine.put(trade())
    with pytest.raises(StateError, match="the engine is not started"):
        engine.put(trade())
    async with engine:
        with pytest.raises(StateError, match="must not block the loop"):
            engine.put(trade())


async def test_a_thread_that_waits_for_room_is_told_when_the_engine_stops(clock, trade, monkeypatch) -> None:
    engine = EventEngine(clock, inbox_capacity=1)
    loop = asyncio.get_running_loop()
    waiting, gate = asyncio.Event(), asyncio.Event()
    room = engine._inbox._changed
    wait_for = room.wait_for

    def tell_and_wait(*args: Any) -> bool:  # holds the lock, so nobody gets at the inbox before the thread waits
        loop.call_soon_threadsafe(waiting.set)
        return wait_for(*args)

    async def slow(event: Event) -> None:
        await gate.wait()

    monkeypatch.setattr(room, "wait_for", tell_and_wait)
    engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=1))
    await engine.start()
    for _ in range(4):  # one at work, one queued, one on its way, one in the inbox: now it is full for good
        engine.put(trade())
        await clock.settle()
    putting = asyncio.create_task(asyncio.to_thread(engine.put, trade()))
    await waiting.wait()
    stopping = asyncio.create_task(engine.stop())
    with pytest.raises(StateError, match="stopping and takes no more events"):
        await putting
    gate.set()
    assert (await stopping).complete


async def test_a_put_after_the_stop_is_refused(engine, trade) -> None:
    await engine.start()
    await engine.stop()
    with pytest.raises(StateError, match="stopping and takes no more events"):
        engine.put(trade())


def test_a_put_into_an_engine_whose_loop_is_closed_is_refused(clock, trade) -> None:
    engine = EventEngine(clock)

    async def start() -> None:
        await engine.start()

    asyncio.run(start())
    with pytest.raises(StateError, match="event loop is closed"):
        engine.put(trade())


@pytest.mark.parametrize("wrong", ["text", None])
def test_putting_anything_but_an_event_is_refused_in_the_thread_that_did_it(engine, wrong) -> None:
    with pytest.raises(InvalidRequest, match="Only events can be put"):
        engine.put(wrong)


async def test_a_handler_failing_on_a_put_event_does_not_stop_the_flow(engine, trade, caplog) -> None:
    seen: list[int] = []

    def handler(event: Event) -> None:
        if event.seq == 1:
            raise ValueError("boom")
        seen.append(event.seq)

    engine.subscribe(Trade, handler)
    async with engine:
        for _ in range(3):
            engine.put(trade())
        await engine.drain()
    assert seen == [2, 3]
