"""An event with one receiver takes a shorter way through the engine; the promises are the same on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from foxtrot.engine.bus import EventEngine, Overflow
from foxtrot.errors import StateError
from foxtrot.model.events import Event, HandlerFailed, MarketEvent, Quote, Trade

Publish = Callable[[Event], None]
Subscribe = Callable[..., object]


@pytest.fixture(params=["a whole type", "one symbol", "a publisher"])
def way(request: pytest.FixtureRequest, engine: EventEngine) -> tuple[Subscribe, Publish]:
    """Return how one handler subscribes to trades, and how they are published."""
    kind: str = request.param

    def subscribe(handler: Callable[[Trade], None]) -> object:
        return engine.subscribe(Trade, handler, symbol=None if kind == "a whole type" else "BTC/USDT")

    return subscribe, engine.publisher() if kind == "a publisher" else engine.publish


def test_every_event_arrives_in_its_order_and_is_counted(engine, trade, way) -> None:
    subscribe, publish = way
    seen: list[Event] = []
    handle = subscribe(seen.append)
    events = [trade() for _ in range(200)]
    for event in events:
        publish(event)
    assert seen == events
    assert (handle.delivered, handle.failed, handle.timed) == (200, 0, 4)


def test_a_failing_handler_is_reported_and_called_again(engine, trade, way, caplog) -> None:
    subscribe, publish = way
    reports: list[HandlerFailed] = []
    engine.subscribe(HandlerFailed, reports.append)

    def fail(event: Trade) -> None:
        raise ValueError("boom")

    handle = subscribe(fail)
    for _ in range(3):
        publish(trade())
    assert (handle.delivered, handle.failed, len(reports)) == (3, 3, 3)


def test_an_interrupt_passes_and_leaves_the_engine_at_work(engine, trade, way) -> None:
    subscribe, publish = way
    seen: list[Event] = []

    def interrupted(event: Trade) -> None:
        seen.append(event)
        if len(seen) == 1:
            raise KeyboardInterrupt

    subscribe(interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(trade())
    publish(trade())
    assert len(seen) == 2


def test_a_plain_function_that_returns_a_coroutine_has_failed(engine, trade, way, caplog) -> None:
    subscribe, publish = way

    async def late(event: Trade) -> None:
        await asyncio.sleep(0)

    handle = subscribe(lambda event: late(event))
    for _ in range(2):
        publish(trade())
    assert handle.failed == 2


def test_what_a_handler_publishes_follows_when_it_has_returned(engine, trade, quote, way) -> None:
    subscribe, publish = way
    told: list[str] = []
    answer = trade()

    def ask(event: Trade) -> None:
        told.append("question begins" if event is not answer else "answer")
        if event is not answer:
            publish(answer)
            engine.publish(quote())
            told.append("question ends")

    subscribe(ask)
    engine.subscribe(Quote, lambda event: told.append("quote"))
    publish(trade())
    assert told == ["question begins", "question ends", "answer", "quote"]


@pytest.mark.parametrize("second", [{}, {"symbol": "BTC/USDT"}, {"exchange": "alpha"}, {"queue": Overflow.BLOCK}])
async def test_a_second_receiver_gets_all_from_then_on_and_leaves_again(engine, trade, way, second) -> None:
    subscribe, publish = way
    first_saw: list[Event] = []
    second_saw: list[Event] = []
    events = [trade() for _ in range(3)]
    async with engine:
        subscribe(first_saw.append)
        publish(events[0])
        handle = engine.subscribe(MarketEvent, second_saw.append, **second)
        publish(events[1])
        await engine.drain()
        handle.unsubscribe()
        publish(events[2])
    assert (first_saw, second_saw) == (events, [events[1]])


def test_a_receiver_that_leaves_while_it_is_called_gets_nothing_more(engine, trade, way) -> None:
    subscribe, publish = way
    seen: list[Event] = []

    def once(event: Trade) -> None:
        seen.append(event)
        publish(trade())
        handle.unsubscribe()

    handle = subscribe(once)
    publish(trade())
    publish(trade())
    assert len(seen) == 1


def test_a_filter_keeps_others_away_from_the_only_receiver(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append, exchange="alpha", symbol="BTC/USDT")
    wanted = trade()
    for event in (trade(symbol="ETH/USDT"), wanted, trade(exchange="beta")):
        engine.publish(event)
    assert seen == [wanted]


async def test_a_stopped_engine_delivers_nothing_by_any_way(engine, trade, way) -> None:
    subscribe, publish = way
    seen: list[Event] = []
    subscribe(seen.append)
    async with engine:
        publish(trade())
    with pytest.raises(StateError, match="stopped"):
        publish(trade())
    await engine.start()
    publish(trade())
    await engine.stop()
    assert len(seen) == 2
