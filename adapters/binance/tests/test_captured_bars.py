"""Candles made of recorded trades go through every state that the recorded candle stream told."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from foxtrot.data.bars import BarBuilder
from foxtrot.model.events import Trade
from foxtrot.model.order import Side

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
CAPTURES = SHARED / "captures"
MINUTE_MS = 60_000
Row = dict[str, Any]

pytestmark = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded captures are not on this machine")


def recorded(name: str) -> tuple[dict[str, list[Row]], list[Row]]:
    """Return the trades by symbol, those of one order and price joined as the venue does, and the candles."""
    trades: dict[str, list[Row]] = defaultdict(list)
    candles: list[Row] = []
    for line in (CAPTURES / name).read_text().splitlines():
        record = json.loads(line)
        payload = json.loads(record["data"]) if record["t"] == "recv" else {}
        said = payload.get("data", payload) if isinstance(payload, dict) else {}
        if isinstance(said, dict) and said.get("e") == "aggTrade":
            trades[said["s"]].append(said)
        elif isinstance(said, dict) and said.get("e") == "kline":
            candles.append(said["k"])
    return trades, candles


def of_candle(candle: Row, trades: list[Row]) -> list[Row]:
    """Return the trades of a candle so far; none when one of them was not recorded."""
    own = [t for t in trades if candle["f"] <= t["f"] and t["l"] <= candle["L"]]
    known = sum(t["l"] - t["f"] + 1 for t in own)
    return own if known == candle["L"] - candle["f"] + 1 else []


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("binanceus/session-2021-10-12.ndjson", 1),
        ("binance/session-2021-10-12.ndjson", 1),
        ("binance-futures/session-2021-07-22.ndjson", 15),
    ],
)
def test_every_state_of_a_recorded_candle_whose_trades_are_known_is_built(name: str, states: int) -> None:
    trades, candles = recorded(name)
    seen = 0
    for candle in candles:
        own = of_candle(candle, trades[candle["s"]])
        if not own:
            continue
        builder = BarBuilder("1m", since_ns=candle["t"] * 10**6)
        for t in own:
            at, side = t["T"] * 10**6, Side.SELL if t["m"] else Side.BUY
            assert builder.add(Trade("x", t["s"], at, at, 1, t["a"], float(t["p"]), float(t["q"]), side)) == []
        bar = builder.current()
        assert bar is not None
        assert bar.open_time == candle["t"] * 10**6
        assert [bar.open, bar.high, bar.low, bar.close, bar.volume] == [float(candle[key]) for key in "ohlcv"]
        assert bar.quote_volume == pytest.approx(float(candle["q"]), rel=1e-12)
        seen += 1
    assert seen >= states
