"""Candles made of recorded trades are the recorded candles of the same minutes."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import pytest

from foxtrot.data.bars import BarBuilder, resample
from foxtrot.model.events import Bar, Trade
from foxtrot.model.intervals import ceil_open
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.mapping import Names

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
CAPTURES = SHARED / "captures" / "kraken"
pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded captures are not on this machine")


@pytest.fixture(scope="module")
def recorded() -> tuple[list[Trade], list[Bar]]:
    """Read trades without a gap in their numbers, and the minutes around them."""
    names, table = Names(), SymbolTable("kraken")
    rest = KrakenRestCodec("kraken", table, names, itertools.count(1).__next__, lambda: 0, tier="pro")

    def body(name: str) -> bytes:
        return (CAPTURES / f"rest-{name}.json").read_bytes()

    table.load(rest.fetch_markets().decode(body("asset_pairs-XBTUSDT-2025-11-10")).contracts)
    contract = table.contract("BTC/USDT")
    trades = rest.fetch_trades(contract, 1_000, "").decode(body("trades-XBTUSDT-2025-11-10-first-half"))
    assert [b.trade_id for b in trades] == list(range(int(trades[0].trade_id), int(trades[-1].trade_id) + 1))
    return trades, rest.fetch_bars(contract, "1m", None, None, 1_000).decode(body("ohlc-XBTUSDT-2025-11-10"))


@pytest.mark.parametrize("interval", ["1m", "5m", "15m", "1h"])
@pytest.mark.parametrize("late", [False, True])
def test_candles_of_recorded_trades_are_the_recorded_ones(
    recorded: tuple[list[Trade], list[Bar]], interval: str, late: bool
) -> None:
    trades, minutes = recorded
    chance = random.Random(interval)
    # Some come up to ten minutes late, as those do that are filled in.
    order = [trades[0], *sorted(trades[1:], key=lambda t: t.ts_event + late * chance.randrange(600) * 10**9)]
    builder, made = BarBuilder(interval), dict[int, Bar]()
    for trade in order:
        made |= {bar.open_time: bar for bar in builder.add(trade)}
    first, last = ceil_open(trades[0].ts_event, interval), trades[-1].ts_event
    whole = [bar for bar in resample(minutes, interval) if bar.closed and first <= bar.open_time]
    theirs = [bar for bar in whole if bar.open_time in made and bar.open_time + 600 * 10**9 < last]
    assert len(theirs) >= {"1m": 200, "5m": 40, "15m": 12, "1h": 2}[interval]
    assert any(bar.trades == 0 for bar in theirs) or interval != "1m"
    for venue in theirs:
        mine = made[venue.open_time]
        assert (mine.open, mine.high, mine.low, mine.close) == (venue.open, venue.high, venue.low, venue.close)
        assert (mine.volume, mine.trades, mine.closed) == (venue.volume, venue.trades, True)
        assert mine.quote_volume == pytest.approx(venue.quote_volume, rel=1e-5)  # they round their average price


def test_the_first_candle_of_recorded_trades_is_partial_and_says_so(recorded: tuple[list[Trade], list[Bar]]) -> None:
    trades, minutes = recorded
    builder, made = BarBuilder("1h"), list[Bar]()
    for trade in trades:
        made += builder.add(trade)
    theirs = next(bar for bar in resample(minutes, "1h") if bar.open_time == made[0].open_time)
    assert made[0].trades < theirs.trades
    assert [bar.closed for bar in made[:2]] == [False, True]
