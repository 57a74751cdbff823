"""Recordings in the venue's words become the market of a served venue, and come to a client as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from foxtrot.testkit.served import replayed_books
from foxtrot_kraken.plugin import KRAKEN

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("FOXTROT_SHARED", ROOT.parent / "shared")) / "captures"


async def test_a_made_up_recording_becomes_the_venues_market(tmp_path: Path) -> None:
    def frame(kind: str, bid: int) -> dict[str, object]:
        asks = [{"price": 110, "qty": 1}] if kind == "snapshot" else []
        book = {"symbol": "BTC/USD", "bids": [{"price": 100, "qty": bid}], "asks": asks, "checksum": 0}
        return {"channel": "book", "type": kind, "data": [book]}

    lines = [{"t": "recv", "ts": 0.0, "data": frame("snapshot", 1)}]
    lines += [{"t": "recv", "ts": i / 20, "data": frame("update", i)} for i in range(1, 200)]
    file = tmp_path / "recording.ndjson"
    file.write_text("\n".join(json.dumps({**line, "data": json.dumps(line["data"])}) for line in lines))
    last = (await replayed_books(KRAKEN, "BTC/USD", file, 5))[-1]
    assert (last.best_bid, last.best_ask) == (100.0, 110.0)
    assert last.best_bid_quantity > 1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
async def test_a_real_recording_becomes_the_venues_market() -> None:
    books = await replayed_books(KRAKEN, "BTC/USD", SHARED / "kraken/ws-v2-book25-BTC-USD-2026-08-02.ndjson", 15)
    assert all(63_000 < b.best_bid < b.best_ask < 64_000 for b in books)
