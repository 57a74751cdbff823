from __future__ import annotations

import asyncio
import functools
import gc
import weakref

import pytest

from foxtrot.engine import bus, router
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import InvalidRequest, StateError
from foxtrot.model.events import Event, HandlerFailed, MarketEvent, Quote, Trade


def test_a_direct_handler_is_called_before_publish_returns_even_without_a_loop(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append)
    event = trade()
    engine.publish(event)
    assert seen == [event]
    assert seen[0] is event


def test_a_subscriber_sees_its_type_and_the_subclasses_of_it_and_nothing_else(engine, trade, quote) -> None:
    trades: list[Event] = []
    market: list[Event] = []
    everything: list[Event] = []
    engine.subscribe(Trade, trades.append)
    engine.subscribe(MarketEvent, market.append)
    engine.subscribe_all(everything.append)
    a, b, c = trade(), quote(), Event("alpha", "", 0, 0, 1)
    for event in (a, b, c):
        engine.publish(event)
    assert (trades, market, everything) == ([a], [a, b], [a, b, c])


@pytest.mark.parametrize(
    ("exchange", "symbol", "expected"),
    [
        (None, None, [0, 1, 2, 3]),
        ("alpha", None, [0, 1]),
        (None, "BTC/USDT", [0, 2]),
        ("beta", "ETH/USDT", [3]),
        ("gamma", None, []),
    ],
)
def test_exchange_and_symbol_narrow_a_subscription_down(engine, trade, exchange, symbol, expected) -> None:
    events = [trade(symbol, exchange) for exchange in ("alpha", "beta") for symbol in ("BTC/USDT", "ETH/USDT")]
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append, exchange=exchange, symbol=symbol)
    for event in events:
        engine.publish(event)
    assert seen == [events[index] for index in expected]


def test_handlers_are_called_in_the_order_in_which_they_subscribed_however_they_filter(engine, trade) -> None:
    order: list[str] = []
    engine.subscribe(Event, lambda _: order.append("first"))
    engine.subscribe(Trade, lambda _: order.append("second"), symbol="BTC/USDT")
    engine.subscribe(MarketEvent, lambda _: order.append("third"), exchange="alpha")
    engine.subscribe(Trade, lambda _: order.append("fourth"))
    engine.publish(trade())
    assert order == ["first", "second", "third", "fourth"]


def test_a_handler_that_subscribes_late_gets_what_is_published_from_then_on(engine, trade) -> None:
    early: list[Event] = []
    late: list[Event] = []
    engine.subscribe(Trade, early.append)
    first, second = trade(), trade()
    engine.publish(first)
    engine.subscribe(Trade, late.append)
    engine.publish(second)
    assert (early, late) == ([first, second], [second])


@pytest.mark.parametrize("how", ["handle", "engine"])
def test_an_unsubscribed_handler_gets_nothing_more(engine, trade, how) -> None:
    seen: list[Event] = []
    handle = engine.subscribe(Trade, seen.append)
    first = trade()
    engine.publish(first)
    (handle.unsubscribe if how == "handle" else functools.partial(engine.unsubscribe, handle))()
    engine.publish(trade())
    handle.unsubscribe()
    assert seen == [first]
    assert not handle.active


def test_an_unsubscribed_handler_is_not_kept_alive(engine, trade) -> None:
    class Listener:
        def __call__(self, event: Event) -> None: ...

    listener = Listener()
    gone = weakref.ref(listener)
    handle = engine.subscribe(Trade, listener)
    engine.publish(trade())
    handle.unsubscribe()
    del listener, handle
    gc.collect()
    assert gone() is None


def test_a_handler_unsubscribed_by_an_earlier_one_misses_the_event_under_way(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, lambda _: victim.unsubscribe())
    victim = engine.subscribe(Trade, seen.append)
    engine.publish(trade())
    assert seen == []
    assert victim.delivered == 0


def test_a_handler_unsubscribed_in_the_middle_of_its_life_misses_the_event_under_way(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, lambda event: victim.unsubscribe() if event.seq == 3 else None)
    victim = engine.subscribe(Trade, seen.append)
    for _ in range(4):
        engine.publish(trade())
    assert [event.seq for event in seen] == [1, 2]
    assert victim.delivered == 2


def test_a_handler_that_unsubscribes_itself_is_not_called_again(engine, trade) -> None:
    seen: list[Event] = []

    def once(event: Event) -> None:
        seen.append(event)
        handle.unsubscribe()

    handle = engine.subscribe(Trade, once)
    engine.publish(trade())
    engine.publish(trade())
    assert len(seen) == 1


def test_a_handler_subscribed_by_another_one_misses_the_event_under_way(engine, trade) -> None:
    seen: list[Event] = []
    engine.subscribe(Trade, lambda _: engine.subscribe(Trade, seen.append) if not seen else None)
    first, second = trade(), trade()
    engine.publish(first)
    assert seen == []
    engine.publish(second)
    assert seen == [second]


def test_an_event_published_inside_a_handler_comes_after_the_present_one_for_everybody(engine, trade, quote) -> None:
    order: list[str] = []
    answer = quote()

    def ask(event: Event) -> None:
        engine.publish(answer)
        order.append("asker returned")

    engine.subscribe(Trade, ask)
    engine.subscribe(Event, lambda event: order.append(type(event).__name__))
    engine.publish(trade())
    assert order == ["asker returned", "Trade", "Quote"]


def test_answers_to_answers_keep_their_order(engine, trade) -> None:
    seen: list[int] = []
    events = [trade() for _ in range(5)]
    answers = {1: (events[1], events[2]), 2: (events[3],), 3: (events[4],)}

    def answer(event: Trade) -> None:
        for other in answers.get(event.seq, ()):
            engine.publish(other)

    engine.subscribe(Trade, answer)
    engine.subscribe(Trade, lambda event: seen.append(event.seq))
    engine.publish(events[0])
    assert seen == [1, 2, 3, 4, 5]


def test_handlers_that_answer_each_other_for_ever_are_stopped_and_named(engine, trade, monkeypatch, caplog) -> None:
    monkeypatch.setattr(bus, "MOST_ANSWERS", 50)
    event = trade()
    handle = engine.subscribe(Trade, lambda _: engine.publish(event), name="circle")
    engine.publish(event)
    assert handle.delivered == 51
    assert handle.failed == 1
    assert "circle" in caplog.text
    assert "go in a circle" in caplog.text
    engine.publish(event)  # each outer event starts counting anew
    assert handle.delivered == 102


@pytest.mark.parametrize("wrong", ["text", None, 7])
def test_publishing_anything_but_an_event_is_refused(engine, wrong) -> None:
    with pytest.raises(InvalidRequest, match=f"not {type(wrong).__name__}"):
        engine.publish(wrong)


def test_publishing_anything_but_an_event_inside_a_handler_is_that_handler_s_failure(engine, trade) -> None:
    seen: list[Event] = []
    bad = engine.subscribe(Trade, lambda _: engine.publish("text"))
    engine.subscribe(Trade, seen.append)
    engine.publish(trade())
    assert (bad.failed, len(seen)) == (1, 1)


@pytest.mark.parametrize("event_type", [int, "Trade", None, Trade | Quote])
def test_subscribing_to_what_is_no_event_type_is_refused(engine, event_type) -> None:
    with pytest.raises(InvalidRequest, match="Subscribe to Event or a subclass"):
        engine.subscribe(event_type, print)


def test_a_handler_that_cannot_be_called_is_refused(engine) -> None:
    with pytest.raises(InvalidRequest, match="must be callable, 7 is not"):
        engine.subscribe(Trade, 7)


def test_a_queue_that_is_no_policy_is_refused_and_leaves_no_subscription(engine) -> None:
    with pytest.raises(InvalidRequest, match="queue must be a QueuePolicy"):
        engine.subscribe(Trade, print, queue=100)
    assert engine.stats() == []


def test_a_handle_of_another_engine_is_refused(engine, clock) -> None:
    other = EventEngine(clock)
    handle = other.subscribe(Trade, print)
    engine.subscribe(Trade, print)
    with pytest.raises(InvalidRequest, match="belongs to another engine"):
        engine.unsubscribe(handle)
    assert handle.active


async def test_subscribing_from_a_foreign_thread_is_refused(engine) -> None:
    await engine.start()
    with pytest.raises(StateError, match="Only the loop's own thread may subscribe"):
        await asyncio.to_thread(engine.subscribe, Trade, print)
    await engine.stop()


def test_a_flood_of_unheard_of_symbols_does_not_grow_the_routing_table_without_bound(
    engine, trade, monkeypatch
) -> None:
    monkeypatch.setattr(router, "_MOST_LANES", 10)
    seen: list[Event] = []
    engine.subscribe(Trade, seen.append)
    for number in range(100):
        engine.publish(trade(f"S{number}/USDT"))
    assert len(seen) == 100
    assert sum(len(symbols) for exchanges in engine._table.values() for symbols in exchanges.values()) <= 10


def test_the_handle_tells_what_it_is_and_how_it_goes(engine, trade) -> None:
    handle = engine.subscribe(Trade, print, exchange="alpha", symbol="ETH/USDT", name="printer")
    assert repr(handle) == "<Subscription printer to Trade, alpha, ETH/USDT: active, 0 delivered, 0 failed>"
    assert repr(engine) == "<EventEngine new: 1 subscriptions>"
    handle.unsubscribe()
    assert "ended" in repr(handle)


@pytest.mark.parametrize("kwargs", [{"latency_every": 0}, {"latency_every": 3}, {"inbox_capacity": 0}])
def test_options_that_make_no_sense_are_refused(clock, kwargs) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(kwargs))):
        EventEngine(clock, **kwargs)


def test_a_publisher_of_one_kind_heeds_every_change_of_the_subscriptions(engine, trade, quote) -> None:
    seen: list[tuple[str, Event]] = []
    publish = engine.publisher()
    publish(trade())
    first = engine.subscribe(Trade, lambda event: seen.append(("first", event)))
    event = trade()
    publish(event)
    engine.subscribe(Event, lambda event: seen.append(("second", event)))
    publish(event)
    first.unsubscribe()
    publish(event)
    assert seen == [("first", event), ("first", event), ("second", event), ("second", event)]


async def test_a_publisher_of_one_kind_keeps_the_order_of_questions_and_answers(engine, trade, quote) -> None:
    seen: list[str] = []
    publish = engine.publisher()

    def ask(event: Trade) -> None:
        seen.append("trade")
        if len(seen) == 1:
            publish(event)
            engine.publish(quote())
            seen.append("asked")

    engine.subscribe(Trade, ask)
    engine.subscribe(Trade, lambda _: seen.append("trade, second"))
    engine.subscribe(Quote, lambda _: seen.append("quote"))
    publish(trade())
    assert seen == ["trade", "asked", "trade, second", "trade", "trade, second", "quote"]


async def test_a_publisher_of_one_kind_isolates_handlers_and_ends_with_the_engine(engine, trade) -> None:
    failed: list[HandlerFailed] = []
    seen: list[Event] = []

    def fail(_: Event) -> None:
        raise ValueError("a mistake")

    engine.subscribe(HandlerFailed, failed.append)
    engine.subscribe(Trade, fail)
    engine.subscribe(Trade, seen.append)
    publish = engine.publisher()
    publish(trade())
    assert (len(seen), len(failed)) == (1, 1)
    await engine.start()
    await engine.stop()
    with pytest.raises(StateError):
        publish(trade())
    assert len(seen) == 1
