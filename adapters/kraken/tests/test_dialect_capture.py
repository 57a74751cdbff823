"""Recorded books and trades of the venue drive the sandbox's market."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from foxtrot.errors import ConfigError
from foxtrot.model.order import Side
from foxtrot.sandbox.replay import DepthRecord, Replay, SnapshotRecord, TradeRecord

from .dialect_wire import Wire

RECORDED = Path(__file__).parents[4] / "shared" / "captures" / "kraken"


def line(at: float, frame: Any) -> str:
    return json.dumps({"t": "recv", "ts": at, "data": json.dumps(frame)})


def book(kind: str, bids: list[tuple[float, float]], asks: list[tuple[float, float]]) -> dict[str, Any]:
    sides = {"bids": bids, "asks": asks}
    rows = {name: [{"price": price, "qty": size} for price, size in side] for name, side in sides.items()}
    return {"channel": "book", "type": kind, "data": [{"symbol": "BTC/USD", "checksum": 0, **rows}]}


def test_books_and_trades_are_read_and_the_rest_is_passed_over() -> None:
    trade = {"symbol": "BTC/USD", "side": "sell", "price": 60001.5, "qty": 0.1, "trade_id": 1}
    records = Wire().dialect.records(
        [
            json.dumps({"t": "connect", "ts": 1.0, "addr": "x"}),
            line(1, {"channel": "heartbeat"}),
            line(2, book("snapshot", [(60000.1, 1)], [(60002, 2)])),
            line(3, book("update", [(60000.1, 0)], [])),
            line(4, {"channel": "trade", "type": "update", "data": [trade, trade | {"symbol": "ETC/USD"}]}),
        ]
    )
    assert records == [
        SnapshotRecord("BTC/USD", 2 * 10**9, [(D("60000.1"), D(1))], [(D(60_002), D(2))]),
        DepthRecord("BTC/USD", 3 * 10**9, [(D("60000.1"), D(0))], []),
        TradeRecord("BTC/USD", 4 * 10**9, D("60001.5"), D("0.1"), Side.SELL),
    ]


TEN = [(101.0 + n, 1.0) for n in range(10)]  # of the best bid last
ASKS = [(120.0, 1.0), (121.0, 1.0)]


def acknowledged(depth: int) -> dict[str, Any]:
    return {"method": "subscribe", "result": {"channel": "book", "depth": depth, "symbol": "BTC/USD"}, "success": True}


@pytest.mark.parametrize("said", [[], [line(0, acknowledged(10))]])
def test_what_falls_off_the_recorded_depth_is_deleted(said: list[str]) -> None:
    snapshot, update = Wire().dialect.records(
        [*said, line(1, book("snapshot", TEN, ASKS)), line(2, book("update", [(110.5, 2)], []))]
    )
    assert isinstance(snapshot, SnapshotRecord)
    assert update == DepthRecord("BTC/USD", 2 * 10**9, [(D("110.5"), D(2)), (D(101), D(0))], [])


def test_a_book_that_is_not_full_yet_keeps_what_comes() -> None:
    lines = [line(0, acknowledged(25)), line(1, book("snapshot", TEN, ASKS))]
    _, bid, ask = Wire().dialect.records(
        [*lines, line(2, book("update", [(110.5, 2)], [])), line(3, book("update", [], [(122, 3)]))]
    )
    assert bid == DepthRecord("BTC/USD", 2 * 10**9, [(D("110.5"), D(2))], [])
    assert ask == DepthRecord("BTC/USD", 3 * 10**9, [], [(D(122), D(3))])


@pytest.mark.parametrize(
    "broken", ["{", "[]", '{"t":"recv","ts":1,"data":5}', line(1, {"channel": "book", "type": "update", "data": [5]})]
)
def test_a_line_that_cannot_be_read_is_named(broken: str) -> None:
    with pytest.raises(ConfigError, match="Line 2 of the recording"):
        Wire().dialect.records([line(1, {"channel": "heartbeat"}), broken])


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded traffic is not beside this checkout")
@pytest.mark.parametrize(
    ("name", "depth"),
    [("ws-v2-book25-BTC-USD-2026-08-02.ndjson", 25), ("ws-v2-book10-BTC-USD-resubscribe-2026-08-01.ndjson", 10)],
)
def test_a_replayed_recording_gives_the_venues_own_checksums(name: str, depth: int) -> None:
    """Each recorded message's checksum is what a client of the sandbox is sent for the same state of the book."""
    lines = (RECORDED / name).read_text().splitlines()
    frames = [json.loads(entry["data"]) for entry in map(json.loads, lines) if entry["t"] == "recv"]
    recorded = [frame["data"][0]["checksum"] for frame in frames if frame.get("channel") == "book"]
    wire = Wire(("BTC/USD",))
    replay = Replay(wire.venue, ())
    session, heard = wire.socket()
    sent = []
    for record in wire.dialect.records(lines):
        replay.apply(record)
        if not sent:
            wire.ask(session, "subscribe", channel="book", symbol=["BTC/USD"], depth=depth)
        else:
            wire.later(0.1)
        sums = [f["data"][0]["checksum"] for f in heard if f.get("channel") == "book"]
        sent.append(sums[-1])
        heard.clear() if not sums else None
    assert len(sent) == len(recorded)
    assert sum(a != b for a, b in zip(sent, recorded, strict=True)) == 0
