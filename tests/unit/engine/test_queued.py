from __future__ import annotations

import asyncio
import logging

import pytest

from foxtrot.engine.bus import Overflow, QueuePolicy
from foxtrot.errors import StateError
from foxtrot.model.events import Event, HandlerFailed, Quote, Trade


class Gate:
    """An async handler that takes one event at a time, when it is let."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.done: list[int] = []
        self._tickets = asyncio.Semaphore(0)

    async def __call__(self, event: Event) -> None:
        self.begun.append(event.seq)
        await self._tickets.acquire()
        self.done.append(event.seq)

    def let(self, count: int = 1_000) -> None:
        for _ in range(count):
            self._tickets.release()


async def test_an_async_handler_gets_every_event_in_order_one_at_a_time(engine, trade) -> None:
    log: list[str] = []

    async def work(event: Event) -> None:
        log.append(f"begin {event.seq}")
        await asyncio.sleep(0)
        log.append(f"end {event.seq}")

    engine.subscribe(Trade, work)
    async with engine:
        for _ in range(3):
            engine.publish(trade())
        assert log == []  # publish does not wait for it
        await engine.drain()
    assert log == ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]


async def test_one_task_serves_all_events_of_a_subscription(engine, trade) -> None:
    tasks: set[asyncio.Task[None] | None] = set()

    async def work(event: Event) -> None:
        tasks.add(asyncio.current_task())
        await asyncio.sleep(0)

    engine.subscribe(Trade, work)
    async with engine:
        for _ in range(300):
            engine.publish(trade())
        assert len(asyncio.all_tasks()) == 3  # this test, the inbox, the consumer
        await engine.drain()
    assert len(tasks) == 1


async def test_a_sync_handler_with_a_queue_is_called_after_publish_has_returned(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append, queue=Overflow.DROP_OLDEST)
    async with engine:
        engine.publish(trade())
        assert seen == []
        await engine.drain()
        assert len(seen) == 1


async def test_a_long_queue_gives_other_tasks_their_turn(engine, trade) -> None:
    seen: list[Event] = []
    between: list[int] = []
    engine.subscribe(Trade, seen.append, queue=Overflow.DROP_OLDEST)
    async with engine:
        for _ in range(1_000):
            engine.publish(trade())
        await asyncio.sleep(0)
        between.append(len(seen))
        await engine.drain()
    assert 0 < between[0] < 1_000
    assert len(seen) == 1_000


async def test_what_was_published_before_the_start_is_delivered_after_it(engine, trade) -> None:
    seen: list[int] = []
    engine.subscribe(Trade, lambda event: seen.append(event.seq), queue=Overflow.BLOCK)
    engine.publish(trade())
    engine.publish(trade())
    with pytest.raises(StateError, match="not started"):
        await engine.drain()
    async with engine:
        await engine.drain()
    assert seen == [1, 2]


async def test_a_slow_subscriber_holds_up_neither_the_publisher_nor_the_others(engine, trade) -> None:
    slow = Gate()
    fast: list[int] = []
    engine.subscribe(Trade, slow)
    engine.subscribe(Trade, lambda event: fast.append(event.seq))
    async with engine:
        for _ in range(10):
            engine.publish(trade())
        assert fast == list(range(1, 11))
        slow.let()
        await engine.drain()
    assert slow.done == fast


async def test_a_slow_conflating_subscriber_sees_the_latest_of_each_symbol(engine, quote, clock) -> None:
    slow = Gate()
    handle = engine.subscribe(Quote, slow)
    async with engine:
        engine.publish(quote())
        await clock.settle()
        for symbol in ("A/B", "C/D", "A/B", "A/B", "C/D"):
            engine.publish(quote(symbol))
        slow.let()
        await engine.drain()
    assert slow.done == [1, 5, 6]
    assert (handle.delivered, handle.dropped, handle.stats().conflated) == (3, 0, 3)


async def test_a_queue_that_drops_says_so_once_per_jam_and_counts_every_loss(engine, trade, caplog) -> None:
    slow = Gate()
    handle = engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.DROP_OLDEST, 2), name="slow")
    async with engine:
        for _ in range(5):
            engine.publish(trade())
        assert (handle.dropped, handle.pending) == (3, 2)
        slow.let()
        await engine.drain()
        assert len(caplog.records) == 1
        assert caplog.records[0].levelno == logging.WARNING
        for _ in range(3):
            engine.publish(trade())
        await engine.drain()
    assert slow.done == [4, 5, 7, 8]
    assert (handle.delivered, handle.dropped) == (4, 4)
    assert [record.getMessage() for record in caplog.records] == [
        "Handler slow is too slow for its queue of 2: drop_oldest loses events, see `dropped`."
    ] * 2


async def test_a_block_queue_at_its_hard_limit_refuses_aloud(engine, trade, caplog) -> None:
    slow = Gate()
    reports: list[HandlerFailed] = []
    others: list[int] = []
    engine.subscribe(HandlerFailed, reports.append)
    handle = engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=3), name="slow")
    engine.subscribe(Trade, lambda event: others.append(event.seq))
    async with engine:
        for _ in range(5):
            engine.publish(trade())
        slow.let()
        await engine.drain()
    assert slow.done == [1, 2, 3]
    assert handle.dropped == 2
    assert others == [1, 2, 3, 4, 5]
    text = "its queue is full (3 events wait), Trade alpha BTC/USDT seq 4 was refused"
    assert [(report.handler, report.error) for report in reports] == [("slow", text)]
    assert caplog.records[0].levelno == logging.ERROR
    assert text in caplog.text


async def test_a_full_queue_of_reports_does_not_report_itself_for_ever(engine, trade, caplog) -> None:
    def fail(event: Event) -> None:
        raise ValueError("boom")

    handle = engine.subscribe(HandlerFailed, lambda _: None, queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=1))
    engine.subscribe(Trade, fail)
    async with engine:
        for _ in range(3):
            engine.publish(trade())
        await engine.drain()
    assert (handle.delivered, handle.dropped) == (1, 2)


async def test_publish_blocking_waits_for_room_and_loses_nothing(engine, trade, clock) -> None:
    slow = Gate()
    handle = engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 2, hard_limit=2))

    async def publisher() -> None:
        for _ in range(10):
            await engine.publish_blocking(trade())

    async with engine:
        publishing = asyncio.create_task(publisher())
        await clock.settle()
        assert (slow.begun, handle.pending, publishing.done()) == ([1], 2, False)
        slow.let(3)
        await clock.settle()
        assert (slow.done, handle.pending) == ([1, 2, 3], 2)
        slow.let()
        await publishing
        await engine.drain()
    assert slow.done == list(range(1, 11))
    assert handle.dropped == 0


async def test_many_blocking_publishers_share_the_room_without_passing_the_limit(engine, trade) -> None:
    seen: list[Event] = []

    async def work(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    handle = engine.subscribe(Trade, work, queue=QueuePolicy(Overflow.BLOCK, 1, hard_limit=1))
    async with engine, asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(engine.publish_blocking(trade()))
    assert (len(seen), handle.dropped) == (50, 0)


async def test_publish_blocking_waits_only_for_the_subscribers_of_that_event(engine, trade, quote) -> None:
    slow = Gate()
    engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 1))
    async with engine:
        engine.publish(trade())
        assert engine.congested
        await engine.publish_blocking(quote())
        slow.let()


async def test_ready_returns_once_nothing_is_congested(engine, trade, clock) -> None:
    slow = Gate()
    engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 2))
    async with engine:
        for _ in range(3):
            engine.publish(trade())
        ready = asyncio.create_task(engine.ready())
        await clock.settle()
        assert (engine.congested, ready.done()) == (True, False)
        slow.let(1)
        await ready
        assert not engine.congested
        slow.let()


async def test_a_handler_that_publishes_to_its_own_full_queue_does_not_wait_for_itself(engine, trade) -> None:
    seen: list[int] = []

    async def work(event: Event) -> None:
        seen.append(event.seq)
        if event.seq == 1:
            for _ in range(3):
                await engine.publish_blocking(trade())

    engine.subscribe(Trade, work, queue=QueuePolicy(Overflow.BLOCK, 1))
    async with engine:
        engine.publish(trade())
        await engine.drain()
    assert seen == [1, 2, 3, 4]


async def test_unsubscribing_forgets_what_waits_and_lets_the_handler_finish(engine, trade, clock) -> None:
    slow = Gate()
    handle = engine.subscribe(Trade, slow)
    async with engine:
        engine.publish(trade())
        await clock.settle()
        engine.publish(trade())
        handle.unsubscribe()
        engine.publish(trade())
        assert handle.pending == 0
        slow.let()
        await engine.drain()
        assert (slow.begun, slow.done) == ([1], [1])
        assert len(asyncio.all_tasks()) == 2  # this test and the inbox


async def test_a_queued_handler_unsubscribed_by_a_direct_one_misses_the_event_under_way(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, lambda _: victim.unsubscribe())
    victim = engine.subscribe(Trade, seen.append, queue=Overflow.BLOCK)
    async with engine:
        engine.publish(trade())
        await engine.drain()
    assert (seen, victim.pending) == ([], 0)


async def test_unsubscribing_frees_a_publisher_that_waits_for_room(engine, trade, clock) -> None:
    slow = Gate()
    handle = engine.subscribe(Trade, slow, queue=QueuePolicy(Overflow.BLOCK, 1))
    async with engine:
        engine.publish(trade())
        await clock.settle()
        engine.publish(trade())
        publishing = asyncio.create_task(engine.publish_blocking(trade()))
        await clock.settle()
        assert not publishing.done()
        handle.unsubscribe()
        await publishing
        slow.let()


async def test_drain_waits_for_what_queued_handlers_set_off_in_turn(engine, trade, quote) -> None:
    seen: list[str] = []

    async def second(event: Quote) -> None:
        await asyncio.sleep(0)
        seen.append("second")

    async def first(event: Trade) -> None:
        await asyncio.sleep(0)
        seen.append("first")
        engine.publish(quote())

    engine.subscribe(Quote, second)
    engine.subscribe(Trade, first)
    async with engine:
        engine.publish(trade())
        await engine.drain()
        assert seen == ["first", "second"]


async def test_drain_waits_for_the_handler_at_work(engine, trade, clock) -> None:
    slow = Gate()
    engine.subscribe(Trade, slow)
    async with engine:
        engine.publish(trade())
        draining = asyncio.create_task(engine.drain())
        await clock.settle()
        assert (slow.begun, draining.done()) == ([1], False)
        slow.let()
        await draining
        assert slow.done == [1]


@pytest.mark.parametrize("what", ["drain", "stop"])
async def test_a_queued_handler_that_would_wait_for_itself_is_told(engine, trade, caplog, what) -> None:
    async def work(event: Event) -> None:
        await getattr(engine, what)()

    handle = engine.subscribe(Trade, work)
    async with engine:
        engine.publish(trade())
        await engine.drain()
    assert handle.failed == 1
    assert f"{what}() inside a handler would wait for that handler" in caplog.text
