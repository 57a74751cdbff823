"""Recorded WebSocket v2 books and trades as neutral records for the venue's replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Side
from foxtrot.sandbox.replay import DepthRecord, Levels, Record, SnapshotRecord, TradeRecord, read_recording
from foxtrot_kraken.dialect.books import DEPTHS

_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode


class CaptureReader:
    """Read NDJSON lines {"t", "ts"|"ts_ns", "data"}; other kinds of frames are passed over.

    A book is recorded to a depth: levels beyond it are not deleted by any message, so they are deleted here. The answer
    to the subscription says how deep that is; without one it is the least depth that there is and that holds the
    snapshot.
    """

    def __init__(self, symbols: Iterable[str]) -> None:
        self._symbols = frozenset(symbols)
        self._books: dict[str, _Book] = {}
        self._depths: dict[str, int] = {}

    def read(self, lines: Iterable[str]) -> Iterator[Record]:
        """Return records in their order. Raises ConfigError that names the first line that cannot be read."""
        return read_recording(lines, self._line)

    def _line(self, line: str) -> Iterator[Record]:
        entry = msgspec.json.decode(line)
        if entry["t"] != "recv":
            return
        frame = _DECODE(entry["data"])
        if not isinstance(frame, dict):
            return
        if frame.get("method") == "subscribe":
            self._subscribed(frame)
        if frame.get("channel") not in ("book", "trade"):
            return
        at = entry.get("ts_ns") or int(entry["ts"] * 1e9)
        for data in frame["data"]:
            if data["symbol"] not in self._symbols:
                continue
            if frame["channel"] == "book":
                yield self._book(data, at, snapshot=frame["type"] == "snapshot")
            elif frame["type"] == "update":
                yield _trade(data, at)

    def _subscribed(self, answer: dict[str, Any]) -> None:
        result = answer.get("result", {})
        if result.get("channel") == "book":
            self._depths[result["symbol"]] = result["depth"]

    def _book(self, data: dict[str, Any], at: int, *, snapshot: bool) -> Record:
        symbol = data["symbol"]
        bids, asks = _levels(data["bids"]), _levels(data["asks"])
        if snapshot:
            self._books[symbol] = _Book(bids, asks, self._depths.get(symbol) or _least_depth(bids, asks))
            return SnapshotRecord(symbol, at, bids, asks)
        book = self._books[symbol]
        return DepthRecord(symbol, at, book.change(Side.BUY, bids), book.change(Side.SELL, asks))


class _Book:
    def __init__(self, bids: Levels, asks: Levels, depth: int) -> None:
        self._sides = {Side.BUY: dict(bids), Side.SELL: dict(asks)}
        self._depth = depth

    def change(self, side: Side, levels: Levels) -> Levels:
        """Apply a side's changes and return them, with the deletions of what fell off."""
        known = self._sides[side]
        known.update(levels)
        changed = dict(levels)
        kept = sorted((price for price, quantity in known.items() if quantity), reverse=side is Side.BUY)[: self._depth]
        for price in known.keys() - set(kept):
            changed[price] = ZERO
        self._sides[side] = {price: known[price] for price in kept}
        return list(changed.items())


def _least_depth(bids: Levels, asks: Levels) -> int:
    levels = max(len(bids), len(asks))
    return next((depth for depth in DEPTHS if depth >= levels), levels)


def _trade(data: dict[str, Any], at: int) -> TradeRecord:
    side = Side.BUY if data["side"] == "buy" else Side.SELL
    return TradeRecord(data["symbol"], at, Decimal(data["price"]), Decimal(data["qty"]), side)


def _levels(rows: list[dict[str, Any]]) -> Levels:
    return [(Decimal(row["price"]), Decimal(row["qty"])) for row in rows]
