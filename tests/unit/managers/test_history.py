"""Candles of any range and interval: no hole, no duplicate, equal to what was recorded."""

from __future__ import annotations

import csv
import gzip
import os
import random
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal as D
from pathlib import Path

import pytest

from foxtrot.model.events import Bar, HistoryGap
from foxtrot.model.intervals import floor_open, next_open
from foxtrot.sandbox.types import Candle
from foxtrot.testkit.desk import SYMBOL, Desk

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
MINUTE = 60 * 10**9
INTERVALS = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]


def recorded() -> list[Candle]:
    """Read the 30,240 minutes that were recorded in March 2023."""
    packed = (SHARED / "binanceus/klines-1m-BTCUSDT-2023-03.csv.gz").read_bytes()
    rows = csv.DictReader(gzip.decompress(packed).decode().splitlines())
    return [
        Candle(
            open_ns=round(datetime.fromisoformat(row["open_time"]).timestamp()) * 10**9,
            open=D(row["open"]),
            high=D(row["high"]),
            low=D(row["low"]),
            close=D(row["close"]),
            volume=D(row["volume"]),
            trades=1,
        )
        for row in rows
    ]


def made_up(count: int) -> list[Candle]:
    """Return minutes whose figures all differ; now and then nothing was traded."""
    chance, first = random.Random(1), 1_600_000_020 * 10**9 // MINUTE * MINUTE
    candles = []
    for number in range(count):
        a, b, c, d = sorted(D(chance.randrange(10_000, 90_000)) / 100 for _ in range(4))
        volume = D(chance.randrange(0, 5_000)) / 1_000 if chance.random() < 0.9 else D(0)
        candles.append(Candle(open_ns=first + number * MINUTE, open=b, high=d, low=a, close=c, volume=volume, trades=1))
    return candles


@pytest.fixture(
    params=[pytest.param("recorded", marks=needs_captures), "made up"],
)
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    candles = recorded() if request.param == "recorded" else made_up(5_000)
    end = candles[-1].open_ns + MINUTE
    made = Desk("binanceus", start_ns=end + 1)
    made.world.venue.give_history(SYMBOL, candles)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


def past(desk: Desk) -> list[Candle]:
    end = desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    return desk.world.venue.minutes(SYMBOL, 0, end)


def figures(bars: list[Bar]) -> list[tuple[int, float, float, float, float, float]]:
    return [(b.open_time, b.open, b.high, b.low, b.close, b.volume) for b in bars]


def resampled(candles: list[Candle], interval: str) -> list[tuple[int, float, float, float, float, float]]:
    """Join minutes the naive way."""
    groups: dict[int, list[Candle]] = {}
    for candle in candles:
        groups.setdefault(floor_open(candle.open_ns, interval), []).append(candle)
    return [
        (
            opened,
            float(group[0].open),
            float(max(c.high for c in group)),
            float(min(c.low for c in group)),
            float(group[-1].close),
            float(sum((c.volume for c in group), D(0))),
        )
        for opened, group in groups.items()
    ]


async def test_every_recorded_minute_comes_back_identical(desk: Desk) -> None:
    candles = past(desk)
    bars = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, "1m", start=candles[0].open_ns))
    assert figures(bars) == resampled(candles, "1m")
    assert all(bar.closed for bar in bars)
    assert not [event for event in desk.heard if isinstance(event, HistoryGap)]


@pytest.mark.parametrize("interval", INTERVALS)
async def test_any_range_of_any_interval_is_what_the_minutes_say(desk: Desk, interval: str) -> None:
    candles, chance = past(desk), random.Random(interval)
    theirs = [row for row in resampled(candles, interval) if row[0] >= candles[0].open_ns]
    now = desk.clock.time_ns()
    for _ in range(3):
        first, last = sorted(chance.randrange(candles[0].open_ns, now) for _ in range(2))
        bars = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, interval, start=first, end=last))
        wanted = [r for r in theirs if first <= r[0] <= last and next_open(r[0], interval) <= now]
        assert figures(bars) == wanted


async def test_a_range_that_begins_long_before_the_market_costs_no_empty_pages(desk: Desk) -> None:
    asked = desk.world.requests.total()
    candles = past(desk)
    bars = await desk.run(
        desk.exchange.fetch_ohlcv(SYMBOL, "1m", start="2010-01-01T00:00:00Z", end=candles[2_500].open_ns)
    )
    assert figures(bars) == resampled(candles[:2_501], "1m")
    assert desk.world.requests.total() - asked <= 5
