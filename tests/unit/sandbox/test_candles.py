"""Candles: no minute missing, made-up history that joins, longer ones from shorter ones."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from foxtrot.model.order import Side
from foxtrot.model.times import to_ns
from foxtrot.sandbox.candles import MINUTE_NS, CandleBook, past_candles, resample
from foxtrot.sandbox.types import Candle, PublicTrade

START = to_ns(datetime(2026, 1, 30, 23, 58, tzinfo=UTC), "start")


def trade(number: int, minute: float, price: int, quantity: int, side: Side = Side.BUY) -> PublicTrade:
    return PublicTrade(
        symbol="BTC/USDT",
        trade_id=number,
        price=D(price),
        quantity=D(quantity),
        taker_side=side,
        buyer_order_id=0,
        seller_order_id=0,
        time_ns=START + int(minute * MINUTE_NS),
    )


def test_minutes_without_trades_repeat_the_last_close_with_no_volume_and_no_ids() -> None:
    book = CandleBook(START, D(100))
    book.add(trade(1, 3.5, 90, 2))
    silent = book.between(START, START + 2 * MINUTE_NS)
    assert [(c.open, c.high, c.low, c.close, c.volume, c.trades) for c in silent] == [(100, 100, 100, 100, 0, 0)] * 3
    assert {(c.first_trade_id, c.last_trade_id) for c in silent} == {(-1, -1)}
    book.roll(START + 5 * MINUTE_NS)
    assert [c.close for c in book.between(START + 4 * MINUTE_NS, START + 9 * MINUTE_NS)] == [90, 90]


def test_a_candle_opens_at_its_first_trade_and_sums_what_takers_bought() -> None:
    book = CandleBook(START, D(100))
    for made in (trade(7, 0.1, 90, 2), trade(8, 0.2, 95, 1, Side.SELL), trade(9, 0.3, 85, 4)):
        book.add(made)
    (candle,) = book.between(START, START)
    assert (candle.open, candle.high, candle.low, candle.close) == (90, 95, 85, 85)
    assert (candle.volume, candle.quote_volume, candle.trades) == (7, 180 + 95 + 340, 3)
    assert (candle.taker_buy_base, candle.taker_buy_quote) == (6, 520)
    assert (candle.first_trade_id, candle.last_trade_id) == (7, 9)


def test_the_range_asked_for_is_inclusive_and_never_reaches_round_the_end() -> None:
    book = CandleBook(START, D(100))
    book.roll(START + 4 * MINUTE_NS)
    opens = [c.open_ns for c in book.between(START + 1, START + 3 * MINUTE_NS)]
    assert opens == [START + n * MINUTE_NS for n in (1, 2, 3)]
    assert book.between(0, START - 1) == []
    assert book.between(START + 9 * MINUTE_NS, START + 10 * MINUTE_NS) == []


def test_history_has_each_minute_ends_at_the_first_price_and_depends_on_the_seed_alone() -> None:
    def made(seed: int) -> list[Candle]:
        return past_candles("BTC/USDT", seed, START, 500, D("60000.00"), D("0.01"), D("0.00001"))

    past = made(1)
    assert [c.open_ns for c in past] == [START - n * MINUTE_NS for n in range(500, 0, -1)]
    assert past[-1].close == 60_000
    assert all(before.close == after.open for before, after in itertools.pairwise(past))
    assert all(c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in past)
    assert all(c.low * c.volume <= c.quote_volume <= c.high * c.volume for c in past)
    assert all(c.close % D("0.01") == 0 and c.volume % D("0.00001") == 0 for c in past)
    assert past == made(1) != made(2)


@pytest.mark.parametrize(
    ("interval", "opens"),
    [
        ("3m", ["2026-01-30T23:57", "2026-01-31T00:00"]),
        ("1h", ["2026-01-30T23:00", "2026-01-31T00:00"]),
        ("1d", ["2026-01-30T00:00", "2026-01-31T00:00"]),
        ("1w", ["2026-01-26T00:00"]),
        ("1M", ["2026-01-01T00:00"]),
    ],
)
def test_longer_candles_begin_where_utc_weeks_and_months_do(interval: str, opens: list[str]) -> None:
    book = CandleBook(START, D(100))
    book.roll(START + 4 * MINUTE_NS)
    longer = resample(book.between(START, START + 4 * MINUTE_NS), interval)
    assert [c.open_ns for c in longer] == [to_ns(text, "open") for text in opens]


def test_a_longer_candle_sums_its_minutes_and_leaves_them_as_they_were() -> None:
    book = CandleBook(START, D(100))
    for made in (trade(4, 2.5, 90, 2), trade(5, 3.5, 120, 1), trade(6, 3.6, 110, 1)):
        book.add(made)
    minutes = book.between(START + 2 * MINUTE_NS, START + 4 * MINUTE_NS)
    assert [c.trades for c in book.between(START, START + 4 * MINUTE_NS)] == [0, 0, 1, 2]
    (day,) = resample(minutes, "1d")
    assert (day.open, day.high, day.low, day.close) == (90, 120, 90, 110)
    assert (day.volume, day.quote_volume, day.trades) == (4, 410, 3)
    assert (day.first_trade_id, day.last_trade_id) == (4, 6)
    assert minutes[0].high == 90
    (week,) = resample(book.between(START, START + 4 * MINUTE_NS), "1w")
    assert (week.first_trade_id, week.last_trade_id) == (4, 6)


def test_a_quiet_beginning_is_no_price_of_a_longer_candle() -> None:
    flat = Candle(open_ns=0, open=D(90), high=D(90), low=D(90), close=D(90), volume=D(0))
    traded = Candle(open_ns=MINUTE_NS, open=D(100), high=D(103), low=D(99), close=D(101), volume=D(1), trades=1)
    later = Candle(open_ns=2 * MINUTE_NS, open=D(101), high=D(101), low=D(101), close=D(101), volume=D(0))
    (joined,) = resample([flat, traded, later], "3m")
    assert (joined.open, joined.high, joined.low, joined.close) == (D(100), D(103), D(99), D(101))
    assert (joined.volume, joined.trades) == (D(1), 1)
