"""Recordings in the family's words become the market of a served venue, and come to a client as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from foxtrot.testkit.served import replayed_books
from foxtrot_binance.plugin import BINANCEUS

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("FOXTROT_SHARED", ROOT.parent / "shared")) / "captures"


async def test_a_made_up_recording_becomes_the_venues_market(tmp_path: Path) -> None:
    lines = [{"t": "http", "ts": 0.0, "data": {"lastUpdateId": 1, "bids": [["100", "1"]], "asks": [["110", "1"]]}}]
    for i in range(1, 200):
        event = {"e": "depthUpdate", "E": i, "s": "BTCUSDT", "U": i, "u": i, "b": [["100", str(i)]], "a": []}
        lines.append({"t": "recv", "ts": i / 20, "data": {"stream": "btcusdt@depth", "data": event}})
    file = tmp_path / "recording.ndjson"
    file.write_text("\n".join(json.dumps({**line, "data": json.dumps(line["data"])}) for line in lines))
    last = (await replayed_books(BINANCEUS, "BTC/USDT", file, 5))[-1]
    assert (last.best_bid, last.best_ask) == (100.0, 110.0)
    assert last.best_bid_quantity > 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
async def test_a_real_recording_becomes_the_venues_market() -> None:
    books = await replayed_books(BINANCEUS, "BTC/USDT", SHARED / "binance/btcusdt-2024-08-08-100s.ndjson.gz", 15)
    assert all(61_000 < b.best_bid < b.best_ask < 62_500 for b in books)
