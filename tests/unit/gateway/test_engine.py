"""The threaded engine: order kept, nothing lost, a failing handler harms nobody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from foxtrot.errors import InvalidRequest, StateError
from foxtrot.gateway import Event, EventEngine


@pytest.fixture
def engine() -> Iterator[EventEngine]:
    made = EventEngine()
    yield made
    made.stop()


def test_handlers_get_their_type_and_general_ones_everything_in_the_order_of_the_puts(engine: EventEngine) -> None:
    mine, all_of_them = list[Any](), list[Any]()
    engine.register("eOrder.", lambda event: mine.append(event.data))
    engine.register_general(lambda event: all_of_them.append((event.type, event.data)))
    engine.start()
    for number in range(1_000):
        engine.put(Event("eOrder." if number % 2 else "eTrade.", number))
    engine.stop()
    assert mine == list(range(1, 1_000, 2))
    assert [data for kind, data in all_of_them if kind != "eTimer"] == list(range(1_000))


def test_stop_delivers_everything_that_was_put_before(engine: EventEngine) -> None:
    seen = list[int]()
    gate = threading.Event()
    engine.register("e", lambda event: (gate.wait(10), seen.append(event.data)))
    engine.start()
    for number in range(200):
        engine.put(Event("e", number))
    threading.Timer(0, gate.set).start()
    engine.stop()
    assert seen == list(range(200))


def test_of_eight_threads_puts_none_is_lost_and_each_threads_order_is_kept(engine: EventEngine) -> None:
    seen = list[tuple[int, int]]()
    engine.register("e", lambda event: seen.append(event.data))
    engine.start()

    def work(name: int) -> None:
        for number in range(2_000):
            engine.put(Event("e", (name, number)))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.stop()
    assert all([n for name, n in seen if name == one] == list(range(2_000)) for one in range(8))


def test_a_handler_that_raises_is_told_and_the_others_go_on(
    engine: EventEngine, caplog: pytest.LogCaptureFixture
) -> None:
    seen, logs = list[int](), list[str]()

    def fails(event: Event) -> None:
        raise ValueError("no luck") if event.data else SystemExit

    engine.register("e", fails)
    engine.register("e", lambda event: seen.append(event.data))
    engine.register("eLog", lambda event: logs.append(event.data.msg))
    engine.start()
    with caplog.at_level(logging.CRITICAL):
        for number in range(3):
            engine.put(Event("e", number))
        engine.stop()
    assert seen == [0, 1, 2]
    assert engine.failed == 3
    assert sum("ValueError: no luck" in text for text in logs) == 2


def test_a_handler_of_logs_that_raises_does_not_report_itself_for_ever(engine: EventEngine) -> None:
    def fails(event: Event) -> None:
        raise ValueError("no luck")

    engine.register("eLog", fails)
    engine.start()
    engine.put(Event("eLog", "text"))
    engine.stop()
    assert engine.failed == 1


def test_a_handler_registered_twice_is_called_once_and_not_after_it_was_taken_back(engine: EventEngine) -> None:
    seen = list[str]()
    for _ in range(2):
        engine.register("e", seen.append)  # type: ignore[arg-type]
        engine.register_general(seen.append)  # type: ignore[arg-type]
    engine.put(Event("e"))
    engine.start()
    engine.stop()
    assert len([event for event in seen if event.type == "e"]) == 2  # type: ignore[attr-defined]
    engine.unregister("e", seen.append)  # type: ignore[arg-type]
    engine.unregister_general(seen.append)  # type: ignore[arg-type]
    engine.unregister("never", seen.append)  # type: ignore[arg-type]
    engine.put(Event("e"))
    engine.start()
    engine.stop()
    assert len([event for event in seen if event.type == "e"]) == 2  # type: ignore[attr-defined]


def test_what_is_put_before_the_start_waits_for_it(engine: EventEngine) -> None:
    seen = list[int]()
    engine.register("e", lambda event: seen.append(event.data))
    engine.put(Event("e", 1))
    engine.start()
    engine.stop()
    engine.put(Event("e", 2))
    assert seen == [1]
    engine.start()  # a stopped engine may start again
    engine.stop()
    assert seen == [1, 2]


def test_a_slow_handler_costs_the_oldest_ticks_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    engine = EventEngine(tick_capacity=10)
    seen = list[tuple[str, int]]()
    engine.register_general(lambda event: seen.append((event.type, event.data)))
    for number in range(100):
        engine.put(Event("eTick.BTCUSDT.X", number))
        engine.put(Event("eOrder.", number))
    engine.start()
    engine.stop()
    assert [n for kind, n in seen if kind == "eTick.BTCUSDT.X"] == list(range(90, 100))
    assert [n for kind, n in seen if kind == "eOrder."] == list(range(100))
    assert engine.dropped == 90
    assert "ticks dropped" in caplog.text


def test_a_timer_event_comes_again_and_again() -> None:
    engine, twice = EventEngine(interval=0.01), threading.Event()
    seen = list[Event]()

    def on_timer(event: Event) -> None:
        seen.append(event)
        if len(seen) == 2:
            twice.set()

    engine.register("eTimer", on_timer)
    engine.start()
    assert twice.wait(10)
    engine.stop()


def test_a_handler_may_stop_the_engine(engine: EventEngine) -> None:
    stopped = threading.Event()
    engine.register("e", lambda event: (engine.stop(), stopped.set()))
    engine.start()
    engine.put(Event("e"))
    assert stopped.wait(10)
    engine.stop()


def test_starting_twice_and_senseless_arguments_are_refused(engine: EventEngine) -> None:
    engine.start()
    with pytest.raises(StateError, match="runs already"):
        engine.start()
    for wrong in ({"interval": 0}, {"interval": float("nan")}, {"tick_capacity": 0}):
        with pytest.raises(InvalidRequest):
            EventEngine(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="callable"):
        engine.register("e", "handler")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="Only events"):
        engine.put("e")  # type: ignore[arg-type]
    engine.stop()
    engine.stop()
