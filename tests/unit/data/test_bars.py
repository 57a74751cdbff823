"""Candles made of trades and of shorter candles are the venue's own."""

from __future__ import annotations

import itertools
import random

import pytest

from foxtrot.data.bars import BarBuilder, BarCorrected, resample
from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Bar, Trade
from foxtrot.model.intervals import floor_open, interval_ns, next_open
from foxtrot.model.order import Side
from foxtrot.model.times import to_ns
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"

OPENED = {
    name: floor_open(to_ns("2026-01-01", "start"), name) for name in ("1m", "1h", "1d", "3d", "7d", "1w", "1M", "2M")
}
JANUARY = to_ns("2026-01-01", "start")
SECOND, MINUTE = 10**9, 60 * 10**9


def trade(at: int, price: float, quantity: float = 1.0) -> Trade:
    return Trade("x", SYMBOL, at, at, 1, at, price, quantity, Side.BUY)


def minute(number: int, price: float = 1.0, volume: float = 1.0, closed: bool = True) -> Bar:
    opened = number * MINUTE
    return Bar(
        "x", SYMBOL, 0, 0, 0, "1m", opened, price, price + 2, price - 0.5, price + 1, volume, volume, 2, closed=closed
    )


def test_a_candle_is_finished_by_the_first_trade_after_it_and_empty_minutes_repeat_the_close() -> None:
    builder = BarBuilder("1m", since_ns=0)
    assert builder.add(trade(10 * SECOND, 5.0)) == []
    assert builder.add(trade(20 * SECOND, 7.0, 2.0)) == []
    running = builder.current()
    assert running is not None
    assert (running.closed, running.high, running.volume) == (False, 7.0, 3.0)
    first, second, third = builder.add(trade(3 * MINUTE, 6.0))
    assert (first.open, first.high, first.low, first.close) == (5.0, 7.0, 5.0, 7.0)
    assert (first.volume, first.quote_volume, first.trades, first.closed) == (3.0, 19.0, 2, True)
    assert [(b.open_time, b.open, b.close, b.volume, b.trades) for b in (second, third)] == [
        (MINUTE, 7.0, 7.0, 0.0, 0),
        (2 * MINUTE, 7.0, 7.0, 0.0, 0),
    ]
    assert builder.advance(4 * MINUTE - 1) == []
    assert [b.close for b in builder.advance(4 * MINUTE)] == [6.0]


def test_the_first_candle_is_whole_only_if_no_trade_of_it_can_be_missing() -> None:
    for since, closed in ((None, False), (MINUTE + SECOND, False), (MINUTE, True), (0, True)):
        builder = BarBuilder("1m", since_ns=since)
        builder.add(trade(MINUTE + 5 * SECOND, 5.0))
        assert [bar.closed for bar in builder.add(trade(3 * MINUTE, 6.0))] == [closed, True]


def test_a_trade_that_comes_late_corrects_its_candle_and_no_other() -> None:
    builder = BarBuilder("1m", since_ns=0)
    builder.add(trade(10 * SECOND, 100.0))
    (before,) = builder.add(trade(61 * SECOND, 105.0))
    assert (before.close, before.volume) == (100.0, 1.0)
    (again,) = builder.add(trade(59 * SECOND, 50.0, 7.0))
    assert isinstance(again, BarCorrected)
    assert (again.open_time, again.open, again.high, again.low, again.close) == (0, 100.0, 100.0, 50.0, 50.0)
    assert (again.volume, again.quote_volume, again.trades, again.closed) == (8.0, 450.0, 2, True)
    (following,) = builder.add(trade(121 * SECOND, 106.0))
    assert not isinstance(following, BarCorrected)
    assert (following.low, following.close, following.volume, following.trades) == (105.0, 105.0, 1.0, 1)


def test_a_late_close_is_repeated_by_the_candles_that_repeat_it() -> None:
    builder = BarBuilder("1m", since_ns=0)
    builder.add(trade(10 * SECOND, 100.0))
    assert len(builder.advance(3 * MINUTE)) == 3
    corrected = builder.add(trade(20 * SECOND, 90.0))
    assert [(type(b), b.open_time // MINUTE, b.close, b.trades) for b in corrected] == [
        (BarCorrected, 0, 90.0, 2),
        (BarCorrected, 1, 90.0, 0),
        (BarCorrected, 2, 90.0, 0),
    ]
    running = builder.current()
    assert running is not None
    assert running.close == 90.0
    (within,) = builder.add(trade(15 * SECOND, 120.0))  # neither first nor last
    assert (within.open, within.high, within.close) == (100.0, 120.0, 90.0)
    middle, last = builder.add(trade(MINUTE + SECOND, 80.0))
    assert (middle.open, middle.high, middle.low, middle.close, middle.trades) == (80.0, 80.0, 80.0, 80.0, 1)
    assert (last.open_time // MINUTE, last.close) == (2, 80.0)


@pytest.mark.parametrize("interval", ["1m", "15m"])
@pytest.mark.parametrize("seed", range(20))
def test_in_whatever_order_trades_come_the_candles_end_up_the_same(interval: str, seed: int) -> None:
    chance = random.Random(seed)
    times = sorted(chance.randrange(0, 90 * 60) * SECOND for _ in range(150))
    trades = [
        Trade("x", SYMBOL, at, at, 1, number, chance.randrange(1, 99), chance.randrange(1, 9), Side.BUY)
        for number, at in enumerate(times)
    ]
    late = sorted(trades[1:], key=lambda t: t.ts_event + chance.randrange(0, 20 * 60) * SECOND)
    assert late != trades[1:]
    assert latest([trades[0], *late], interval) == latest(trades, interval)


def latest(trades: list[Trade], interval: str) -> list[tuple[float, ...]]:
    """Return the last form of each candle."""
    builder, bars = BarBuilder(interval, since_ns=0), dict[int, Bar]()
    for one in trades:
        bars |= {bar.open_time: bar for bar in builder.add(one)}
    bars |= {bar.open_time: bar for bar in builder.advance(100 * MINUTE)}
    return [
        (b.open_time, b.open, b.high, b.low, b.close, b.volume, b.quote_volume, b.trades, b.closed)
        for b in bars.values()
    ]


def test_a_trade_that_comes_too_late_is_refused_and_spoils_nothing() -> None:
    builder = BarBuilder("1m", since_ns=0, keep=2)
    for number in range(5):
        builder.add(trade(number * MINUTE, 100.0 + number))
    with pytest.raises(InvalidRequest, match="came after 2 later candles of 1m; make the candles of that time anew"):
        builder.add(trade(MINUTE + SECOND, 1.0))
    (bar,) = builder.add(trade(5 * MINUTE, 100.0))
    assert (bar.low, bar.trades) == (104.0, 1)
    assert builder.add(trade(-SECOND, 1.0)) == []  # before the first candle


@pytest.mark.parametrize("interval", ["1m", "5m"])
async def test_candles_of_trades_equal_the_venues_own(interval: str) -> None:
    desk = Desk("binanceus", rate=5)
    await desk.run(desk.exchange.connect())
    await desk.run(desk.exchange.subscribe_trades(SYMBOL))
    await desk.run(desk.exchange.subscribe_ohlcv(SYMBOL, interval))
    await desk.clock.advance(1_300)
    builder, made = BarBuilder(interval), list[Bar]()
    for event in desk.heard:
        if isinstance(event, Trade):
            made += builder.add(event)
    theirs = {b.open_time: b for b in desk.heard if isinstance(b, Bar) and b.closed}
    whole = [bar for bar in made[1:] if bar.open_time in theirs]
    assert len(whole) >= 2
    for bar in whole:
        venue = theirs[bar.open_time]
        assert (bar.open, bar.high, bar.low, bar.close) == (venue.open, venue.high, venue.low, venue.close)
        assert (bar.volume, bar.trades) == (venue.volume, venue.trades)
        assert bar.quote_volume == pytest.approx(venue.quote_volume, rel=1e-9)
    await desk.close()


@pytest.mark.parametrize("interval", ["1m", "3m", "15m", "1h", "4h", "1d", "1w", "1M"])
def test_joined_candles_are_what_their_minutes_say(interval: str) -> None:
    chance = random.Random(interval)
    bars = [minute(n, chance.randrange(1, 1_000), chance.randrange(0, 9)) for n in range(100, 1_600)]
    for joined in resample(bars, interval):
        inside = [b for b in bars if floor_open(b.open_time, interval) == joined.open_time]
        assert (joined.open, joined.close) == (inside[0].open, inside[-1].close)
        assert (joined.high, joined.low) == (max(b.high for b in inside), min(b.low for b in inside))
        assert (joined.volume, joined.trades) == (sum(b.volume for b in inside), 2 * len(inside))


def test_only_what_is_wholly_covered_by_closed_candles_is_closed() -> None:
    assert [b.closed for b in resample([minute(n) for n in range(10)], "5m")] == [True, True]
    assert [b.closed for b in resample([minute(n) for n in range(1, 10)], "5m")] == [False, True]
    assert [b.closed for b in resample([minute(n) for n in range(9)], "5m")] == [True, False]
    assert [b.closed for b in resample([minute(n) for n in range(10) if n != 2], "5m")] == [False, True]
    assert [b.closed for b in resample([minute(n, closed=n < 9) for n in range(10)], "5m")] == [True, False]


def every(interval: str, count: int) -> list[Bar]:
    opens = itertools.accumulate(
        range(count - 1), lambda t, _: next_open(t, interval), initial=floor_open(JANUARY, interval)
    )
    return [Bar("x", SYMBOL, 0, 0, 0, interval, t, 1.0, 3.0, 0.5, 2.0, 1.0, 1.0, 1, closed=True) for t in opens]


@pytest.mark.parametrize("interval", ["45m", "90m", "100m", "120m", "720m", "10080m", "5h", "36h", "2d"])
def test_any_whole_multiple_of_a_minute_can_be_had(interval: str) -> None:
    whole = resample([minute(n) for n in range(interval_ns(interval) // MINUTE * 2)], interval)
    assert [(b.closed, b.volume * MINUTE) for b in whole] == [(True, interval_ns(interval))] * 2


def test_months_join_to_quarters_and_days_to_months() -> None:
    assert [(b.volume, b.closed) for b in resample(every("1M", 8), "3M")] == [(3, True), (3, True), (2, False)]
    assert [(b.volume, b.closed) for b in resample(every("1d", 62), "1M")] == [(31, True), (28, True), (3, False)]
    assert [b.closed for b in resample([b for n, b in enumerate(every("1M", 6)) if n != 1], "3M")] == [False, True]


@pytest.mark.parametrize(
    ("bars", "interval", "says"),
    [
        ([minute(2), minute(1)], "5m", "must ascend"),
        ([minute(1), minute(1)], "5m", "must ascend"),
        ([minute(1)], "1s", "do not fit"),
        (resample([minute(n) for n in range(6)], "3m"), "5m", "do not fit"),
        ([minute(1)], "five", "no interval"),
        (every("1w", 30), "1M", "Candles of 1w do not fit into 1M: .* take shorter ones, such as 1d"),
        (every("3d", 30), "1M", "take shorter ones, such as 1d"),
        (every("2M", 30), "3M", "not every candle of 3M begins where one of 2M does"),
        (every("1M", 30), "365d", "such as 1d"),
        (every("7d", 4), "1w", "such as 1d"),
        (every("1h", 30), "90m", "such as 1m"),
        (every("1m", 3), "45s", "such as 1s"),
        ([Bar("x", SYMBOL, 0, 0, 0, "1h", 30 * MINUTE, *[1.0] * 6, 1, True)], "1d", "cannot open at 1970-01-01T00:30"),
    ],
)
def test_what_cannot_be_joined_is_refused(bars: list[Bar], interval: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        resample(bars, interval)


def test_a_quiet_beginning_is_no_price_of_the_longer_candle() -> None:
    quiet = Bar("x", SYMBOL, 0, 0, 0, "1m", 0, *[90.0] * 4, 0.0, 0.0, 0, closed=True)
    (joined,) = resample([quiet, minute(1, 100.0), minute(2, 101.0)], "3m")
    assert (joined.open, joined.high, joined.low, joined.close) == (100.0, 103.0, 99.5, 102.0)
    (still,) = resample([quiet], "3m")
    assert (still.open, still.close, still.trades) == (90.0, 90.0, 0)
