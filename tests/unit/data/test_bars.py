"""Candles made of trades and of shorter candles are the venue's own."""

from __future__ import annotations

import random

import pytest

from foxtrot.data.bars import BarBuilder, resample
from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Bar, Trade
from foxtrot.model.intervals import floor_open
from foxtrot.model.order import Side
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"

SECOND, MINUTE = 10**9, 60 * 10**9


def trade(at: int, price: float, quantity: float = 1.0) -> Trade:
    return Trade("x", SYMBOL, at, at, 1, at, price, quantity, Side.BUY)


def minute(number: int, price: float = 1.0, volume: float = 1.0, closed: bool = True) -> Bar:
    opened = number * MINUTE
    return Bar(
        "x", SYMBOL, 0, 0, 0, "1m", opened, price, price + 2, price - 0.5, price + 1, volume, volume, 2, closed=closed
    )


def test_a_candle_is_finished_by_the_first_trade_after_it_and_empty_minutes_repeat_the_close() -> None:
    builder = BarBuilder("1m")
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


@pytest.mark.parametrize(
    ("bars", "interval", "says"),
    [
        ([minute(2), minute(1)], "5m", "must ascend"),
        ([minute(1), minute(1)], "5m", "must ascend"),
        ([minute(1)], "1s", "do not fit"),
        (resample([minute(n) for n in range(6)], "3m"), "5m", "do not fit"),
        ([minute(1)], "five", "no interval"),
    ],
)
def test_what_cannot_be_joined_is_refused(bars: list[Bar], interval: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        resample(bars, interval)
