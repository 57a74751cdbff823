"""What the suite's scenarios do with made-up markets, done with what the venue itself once said."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal as D
from pathlib import Path

import pytest

from foxtrot.model.events import Trade
from foxtrot.sandbox.types import Candle
from foxtrot.testkit.scenarios import Bench
from foxtrot.testkit.scenarios.candles import same_minutes, same_ranges, with_history
from foxtrot_binance.plugin import BINANCEUS
from foxtrot_binance.servers import INTERVALS

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(BINANCEUS, tmp_path)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def candles() -> list[Candle]:
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


@needs_captures
async def test_every_recorded_minute_comes_back_identical(bench: Bench, candles: list[Candle]) -> None:
    await same_minutes(await with_history(bench, candles), bench)


@needs_captures
@pytest.mark.parametrize("interval", INTERVALS)
async def test_any_range_of_any_interval_is_what_the_recorded_minutes_say(
    bench: Bench, candles: list[Candle], interval: str
) -> None:
    await same_ranges(await with_history(bench, candles), bench, interval)


async def test_where_ids_do_not_count_up_gaps_are_soon_looked_for_no_more(bench: Bench) -> None:
    desk = await bench.busy()
    await desk.run(desk.exchange.subscribe_trades(desk.symbol))
    await desk.clock.advance(5)
    desk.world.stage.flow.rate = 0
    frame = '{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":%d,"p":"1","q":"1","T":1,"m":true}}'
    asked = desk.world.requests.copy()
    for number in range(1, 300):
        for socket in desk.world.sockets:  # the private one makes nothing of it
            socket.say(frame % (1_000_000 + 7 * number))
        await desk.clock.advance(0.5)
    assert (desk.world.requests - asked).total() <= 12
    assert len([event for event in desk.heard if isinstance(event, Trade)]) >= 299
