"""Candles of any range and interval: no hole, no duplicate, equal to what the venue's minutes say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal as D

from foxtrot.capabilities import Capability
from foxtrot.errors import FoxtrotError, InvalidRequest, UnsupportedError
from foxtrot.model.events import Bar, HistoryGap
from foxtrot.model.intervals import floor_open, interval_ns, nests, next_open
from foxtrot.sandbox.stage import traits_of
from foxtrot.sandbox.types import Candle
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.bench import Bench
from foxtrot.testkit.scenarios.claims import equal, fails, sure
from foxtrot.testkit.scenarios.registry import scenario

MINUTE = 60 * 10**9
_COUNT = 5_000
_STRANGE = "7m"
Row = tuple[int, float, float, float, float, float]


def _intervals(spec: AdapterSpec) -> Sequence[str]:
    return [interval for interval in traits_of(spec).intervals if nests("1m", interval)]


@scenario(Capability.FETCH_OHLCV)
async def every_minute_comes_back_identical(bench: Bench) -> None:
    """All the minutes that the venue shows come back, page by page, finished, none missing and none twice."""
    await same_minutes(await with_history(bench, made_up(_COUNT)), bench)


@scenario(Capability.FETCH_OHLCV, cases=_intervals)
async def any_range_of_any_interval_is_what_the_minutes_say(bench: Bench, interval: str) -> None:
    """Ranges of every interval that the venue has are what its minutes add up to; the running candle is left out."""
    await same_ranges(await with_history(bench, made_up(_COUNT)), bench, interval)


@scenario(Capability.FETCH_OHLCV)
async def a_range_that_begins_long_before_the_market_costs_no_empty_pages(bench: Bench) -> None:
    """Nothing is asked for from before the venue's history, and what there is comes."""
    desk = await with_history(bench, made_up(_COUNT))
    asked, candles = desk.world.requests.total(), past(desk)
    newest = bench.traits.newest_candles
    end = candles[2_500 if newest is None else -2].open_ns
    bars = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "1m", start="2010-01-01T00:00:00Z", end=end))
    wanted = [row for row in shown(desk, bench, "1m") if row[0] <= end]
    equal(figures(bars), wanted, "the candles")
    sure(desk.world.requests.total() - asked <= 5, f"{desk.world.requests.total() - asked} requests were made")


@scenario(Capability.FETCH_OHLCV)
async def the_running_candle_comes_when_it_is_asked_for(bench: Bench) -> None:
    """The running candle is left out, or comes marked as not closed; a limit counts what comes."""
    desk = await with_history(bench, made_up(300))
    await desk.clock.advance(20)
    finished = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "5m", limit=20))
    equal([bar.closed for bar in finished], [True] * 20, "whether they are closed")
    running = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "5m", limit=20, unfinished=True))
    equal([bar.closed for bar in running], [True] * 19 + [False], "whether they are closed")
    equal(running[-1].open_time, floor_open(desk.clock.time_ns(), "5m"), "when the running one opened")
    equal(figures(running[:-1]), figures(finished[1:]), "the finished ones")


@scenario(Capability.FETCH_OHLCV)
async def an_interval_that_there_is_not_is_refused(bench: Bench) -> None:
    """An interval that the venue does not have raises UnsupportedError before any I/O; what is no interval
    InvalidRequest."""
    desk = await bench.desk()
    asked, symbol, fetch = desk.world.asked, desk.symbol, desk.exchange.fetch_ohlcv
    await fails(desk, fetch(symbol, _STRANGE), UnsupportedError, f"candles of {_STRANGE}")
    await fails(desk, fetch(symbol, "soon"), InvalidRequest, "candles of no interval")
    await fails(desk, fetch(symbol, "1m", start=2, end=1), InvalidRequest, "a range that ends before it begins")
    equal(desk.world.asked, asked, "what the venue was asked")


@scenario(Capability.SUBSCRIBE_OHLCV)
async def a_stream_of_an_interval_that_there_is_not_is_refused(bench: Bench) -> None:
    """A stream of candles that the venue does not have raises a typed error, and leaves nothing subscribed."""
    desk = await bench.desk()
    await fails(desk, desk.exchange.subscribe_ohlcv(desk.symbol, _STRANGE), FoxtrotError, f"candles of {_STRANGE}")
    equal(desk.exchange.health().state.value, "ready", "the state")


async def with_history(bench: Bench, candles: list[Candle]) -> Desk:
    """Return a connected desk whose venue has had these minutes until now."""
    desk = bench.make(start_ns=candles[-1].open_ns + MINUTE + 1)
    desk.world.venue.give_history(desk.symbol, candles)
    await desk.run(desk.exchange.connect())
    return desk


async def same_minutes(desk: Desk, bench: Bench) -> None:
    """Claim that all minutes of the venue come back."""
    bars = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "1m", start=past(desk)[0].open_ns))
    equal(figures(bars), shown(desk, bench, "1m"), "the candles")
    sure(all(bar.closed for bar in bars), "a candle is not closed")
    if bench.traits.newest_candles is None:
        equal(desk.kinds(HistoryGap), [], "the gaps told")


async def same_ranges(desk: Desk, bench: Bench, interval: str) -> None:
    """Claim that three ranges of an interval are right."""
    theirs, chance, now = shown(desk, bench, interval), random.Random(interval), desk.clock.time_ns()
    begin = theirs[0][0] if theirs else now - interval_ns(interval)
    for _ in range(3):
        first, last = sorted(chance.randrange(begin, now) for _ in range(2))
        bars = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, interval, start=first, end=last))
        equal(figures(bars), [row for row in theirs if first <= row[0] <= last], f"the candles of {first}..{last}")


def shown(desk: Desk, bench: Bench, interval: str) -> list[Row]:
    """Return the finished candles that the venue lets one have."""
    candles, now = past(desk), desk.clock.time_ns()
    rows = [row for row in resampled(candles, interval) if row[0] >= candles[0].open_ns]
    newest = bench.traits.newest_candles
    recent = rows if newest is None else rows[-(newest - 1) :]  # one of them is the running one
    return [row for row in recent if next_open(row[0], interval) <= now]


def past(desk: Desk) -> list[Candle]:
    """Return the venue's finished minutes."""
    end = desk.clock.time_ns() // MINUTE * MINUTE - MINUTE
    return desk.world.venue.minutes(desk.symbol, 0, end)


def made_up(count: int) -> list[Candle]:
    """Return minutes whose figures all differ; now and then nothing was traded."""
    chance, first = random.Random(1), 1_600_000_020 * 10**9 // MINUTE * MINUTE
    candles = []
    for number in range(count):
        a, b, c, d = sorted(D(chance.randrange(10_000, 90_000)) / 100 for _ in range(4))
        volume = D(chance.randrange(0, 5_000)) / 1_000 if chance.random() < 0.9 else D(0)
        candles.append(Candle(open_ns=first + number * MINUTE, open=b, high=d, low=a, close=c, volume=volume, trades=1))
    return candles


def figures(bars: list[Bar]) -> list[Row]:
    """Return what is compared of candles."""
    return [(b.open_time, b.open, b.high, b.low, b.close, b.volume) for b in bars]


def resampled(candles: list[Candle], interval: str) -> list[Row]:
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
