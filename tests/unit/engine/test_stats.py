from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from foxtrot.clock import SystemClock
from foxtrot.engine.bus import EventEngine, Overflow, QueuePolicy
from foxtrot.model.events import Event, HandlerSlow, Quote, Trade


async def test_stats_tell_everything_of_every_subscription(engine, trade, caplog) -> None:
    def fail(event: Event) -> None:
        raise ValueError("boom")

    engine.subscribe(Trade, fail, exchange="alpha", name="direct")
    engine.subscribe(Trade, print, symbol="ETH/USDT", queue=QueuePolicy(Overflow.DROP_OLDEST, 2), name="queued")
    for _ in range(3):
        engine.publish(trade("ETH/USDT"))
    direct, queued = (msgspec.structs.asdict(stats) for stats in engine.stats())
    assert {key: direct[key] for key in direct if key not in ("total_ns", "max_ns")} == {
        "name": "direct",
        "event_type": "Trade",
        "exchange": "alpha",
        "symbol": None,
        "overflow": None,
        "delivered": 3,
        "failed": 3,
        "dropped": 0,
        "conflated": 0,
        "pending": 0,
        "timed": 1,
    }
    assert queued == {
        "name": "queued",
        "event_type": "Trade",
        "exchange": None,
        "symbol": "ETH/USDT",
        "overflow": "drop_oldest",
        "delivered": 0,
        "failed": 0,
        "dropped": 1,
        "conflated": 0,
        "pending": 2,
        "timed": 0,
        "total_ns": 0,
        "max_ns": 0,
    }


@pytest.mark.parametrize(("every", "timed"), [(64, 4), (8, 25), (1, 200)])
def test_a_direct_handler_is_timed_at_its_first_event_and_every_nth_after(clock, trade, every, timed) -> None:
    engine = EventEngine(clock, latency_every=every)
    handle = engine.subscribe(Trade, lambda _: None)
    for _ in range(200):
        engine.publish(trade())
    stats = handle.stats()
    assert (stats.delivered, stats.timed) == (200, timed)
    assert 0 < stats.mean_ns <= stats.max_ns <= stats.total_ns


async def test_a_queued_handler_is_timed_at_every_event_waiting_included(engine, trade) -> None:
    async def work(event: Event) -> None:
        await asyncio.sleep(0)

    handle = engine.subscribe(Trade, work)
    async with engine:
        for _ in range(10):
            engine.publish(trade())
        await engine.drain()
    assert handle.stats().timed == 10
    assert handle.stats().max_ns > 0


def test_a_subscription_that_was_never_served_has_no_mean_time(engine) -> None:
    assert engine.subscribe(Quote, print).stats().mean_ns == 0.0


def test_stats_are_frozen_and_ended_subscriptions_leave_them(engine) -> None:
    first, second = engine.subscribe(Quote, print, name="a"), engine.subscribe(Quote, print, name="b")
    stats = engine.stats()
    first.unsubscribe()
    assert [one.name for one in stats] == ["a", "b"]
    assert [one.name for one in engine.stats()] == [second.name]
    with pytest.raises(AttributeError):
        stats[0].name = "c"


async def test_a_direct_handler_that_holds_everything_up_is_told_ever_more_seldom(trade) -> None:
    engine = EventEngine(SystemClock(), latency_every=1)
    told: list[HandlerSlow] = []

    def slow(event: Trade) -> None:
        end = time.perf_counter() + 0.021
        while time.perf_counter() < end:
            pass

    engine.subscribe(Trade, slow, name="the slow one")
    engine.subscribe(HandlerSlow, told.append)
    for _ in range(9):
        engine.publish(trade())
    assert [(event.handler, event.times) for event in told] == [("the slow one", n) for n in (1, 2, 4, 8)]
    assert all(event.took_ms >= 20 for event in told)
