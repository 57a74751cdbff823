"""Candles on disk: the same as from the venue, and asked for once."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foxtrot.data.cache import BarCache
from foxtrot.errors import ConfigError, UnknownSymbol
from foxtrot.model.events import Bar
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"

MINUTE = 60 * 10**9


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", history_days=40)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


def figures(bars: list[Bar]) -> list[tuple[float, ...]]:
    return [(b.open_time, b.open, b.high, b.low, b.close, b.volume, b.quote_volume, b.trades) for b in bars]


async def test_any_range_is_what_the_venue_has_whatever_is_on_disk_already(desk: Desk, tmp_path: Path) -> None:
    cache, chance, now = BarCache(tmp_path), random.Random(3), desk.clock.time_ns()
    for interval in ("1m", "15m", "1h", "1d"):
        for _ in range(5):
            first, last = sorted(now - chance.randrange(0, 45 * 1_440) * MINUTE for _ in range(2))
            theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, interval, start=first, end=last))
            mine = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, interval, start=first, end=last))
            assert figures(mine) == figures(theirs)
            assert all(bar.closed for bar in mine)


async def test_what_is_past_is_asked_for_once_and_what_is_not_again(desk: Desk, tmp_path: Path) -> None:
    cache, now = BarCache(tmp_path), desk.clock.time_ns()
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=now - 30 * 1_440 * MINUTE))
    asked = desk.world.requests.total()
    long_ago = now - 20 * 1_440 * MINUTE
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=now - 25 * 1_440 * MINUTE, end=long_ago))
    assert desk.world.requests.total() == asked
    await desk.clock.advance(300)
    before = desk.world.requests.total()
    whole = await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=now - 30 * 1_440 * MINUTE))
    assert 0 < desk.world.requests.total() - before < (asked - 5) / 2
    assert whole[-1].open_time > now - MINUTE


def damage(folder: Path) -> None:
    next(folder.rglob("*.parquet")).write_bytes(b"PAR1 broken")


async def test_a_damaged_file_is_named_and_a_bad_symbol_refused(desk: Desk, tmp_path: Path) -> None:
    cache, start = BarCache(tmp_path), desk.clock.time_ns() - 30 * 1_440 * MINUTE
    await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=start))
    damage(tmp_path)
    with pytest.raises(ConfigError, match="delete it"):
        await desk.run(cache.fetch_ohlcv(desk.exchange, SYMBOL, "1m", start=start))
    with pytest.raises(UnknownSymbol):
        await cache.fetch_ohlcv(desk.exchange, "NO/PE", "1m", start=start)
