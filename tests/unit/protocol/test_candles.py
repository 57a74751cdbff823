"""A candle is told as closed once a later one has begun, and never when its end is not known."""

from __future__ import annotations

import itertools

from foxtrot.model.events import Bar
from foxtrot.protocol.candles import RunningCandles
from foxtrot.protocol.messages import Message


def bar(opened: int, close: float = 1.0, *, symbol: str = "A/B", interval: str = "1m", received: int = 9) -> Bar:
    return Bar("toy", symbol, 0, received, 0, interval, opened, 1.0, 9.0, 1.0, close, 2.0, 4.0, 3, True)


class Told:
    """Take bars, and return what was told of them: opening, close, whether closed."""

    def __init__(self) -> None:
        self.candles, self.events = RunningCandles(itertools.count(1).__next__), list[Message]()

    def of(self, *bars: Bar, past: bool = False) -> list[tuple[int, float, bool]]:
        self.events.clear()
        self.candles.take(bars, self.events.append, past=past)
        return [(b.open_time, b.close, b.closed) for b in self.events if isinstance(b, Bar)]


def test_a_candle_closes_with_its_last_values_when_a_later_one_begins() -> None:
    told = Told()
    assert told.of(bar(5, 4.0)) == [(5, 4.0, False)]
    assert told.of(bar(5, 4.5)) == [(5, 4.5, False)]
    assert told.of(bar(7, 6.0, received=50)) == [(5, 4.5, True), (7, 6.0, False)]
    closed, running = told.events
    assert isinstance(closed, Bar)
    assert isinstance(running, Bar)
    assert (closed.ts_recv, running.ts_recv) == (50, 50)  # it is known by that frame only
    assert (closed.seq, running.seq) == (3, 4)


def test_a_candle_that_comes_late_is_passed_over() -> None:
    told = Told()
    told.of(bar(7))
    assert told.of(bar(5)) == []
    assert told.of(bar(8)) == [(7, 1.0, True), (8, 1.0, False)]


def test_each_symbol_and_interval_has_a_candle_of_its_own() -> None:
    told = Told()
    told.of(bar(5), bar(5, symbol="C/D"), bar(5, interval="5m"))
    assert told.of(bar(6, symbol="C/D")) == [(5, 1.0, True), (6, 1.0, False)]
    assert told.of(bar(10, interval="5m")) == [(5, 1.0, True), (10, 1.0, False)]


def test_of_the_past_the_newest_alone_is_told_and_after_a_loss_all_that_was_missed() -> None:
    told = Told()
    assert told.of(bar(3), bar(4), bar(5), past=True) == [(5, 1.0, False)]
    missed = [(5, 2.0, False), (5, 2.0, True), (6, 1.0, False), (6, 1.0, True), (7, 1.0, False)]
    assert told.of(bar(4), bar(5, 2.0), bar(6), bar(7), past=True) == missed
    assert told.of(bar(7, 3.0), bar(8), past=True) == [(7, 3.0, False), (7, 3.0, True), (8, 1.0, False)]


def test_a_candle_whose_end_is_not_known_is_forgotten() -> None:
    told = Told()
    told.of(bar(5))
    assert told.of(bar(20), bar(21), past=True) == [(21, 1.0, False)]  # the past does not reach back to it
    told.candles.forget("A/B", "1m")
    assert told.of(bar(40)) == [(40, 1.0, False)]


def test_what_must_not_be_forgotten_is_kept_when_another_symbols_past_comes() -> None:
    told = Told()
    told.of(bar(5))
    told.of(bar(20, symbol="C/D"), past=True)
    assert told.of(bar(6)) == [(5, 1.0, True), (6, 1.0, False)]
