"""Recorded streams of the family as neutral records for the venue's replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from foxtrot.model.order import Side
from foxtrot.sandbox.replay import DepthRecord, Record, SnapshotRecord, TradeRecord, read_recording


def read_capture(lines: Iterable[str], symbols: Mapping[str, str]) -> Iterator[Record]:
    """Return the depth and trade records of NDJSON lines {"t", "ts"|"ts_ns", "url", "data"}; other kinds are passed
    over.

    `symbols` maps wire names to unified symbols; records of others are passed over. Raises ConfigError that names the
    first line that cannot be read.
    """
    return read_recording(lines, lambda line: _read(line, symbols))


def _read(line: str, symbols: Mapping[str, str]) -> Iterator[Record]:
    entry = msgspec.json.decode(line)
    if entry["t"] not in ("recv", "http"):
        return
    at = entry.get("ts_ns") or int(entry["ts"] * 1e9)
    payload = msgspec.json.decode(entry["data"])
    if entry["t"] == "http":
        yield from _snapshot(entry.get("url", ""), payload, at, symbols)
    elif isinstance(payload, dict):
        yield from _event(payload.get("data", payload), at, symbols)


def _snapshot(url: str, payload: Any, at: int, symbols: Mapping[str, str]) -> Iterator[Record]:
    # A recording of one symbol may not say whose snapshot it is.
    only = next(iter(symbols)) if len(symbols) == 1 else ""
    wire = parse_qs(urlsplit(url).query).get("symbol", [only])[0]
    if isinstance(payload, dict) and "lastUpdateId" in payload and wire in symbols:
        yield SnapshotRecord(symbols[wire], at, _levels(payload["bids"]), _levels(payload["asks"]))


def _event(event: dict[str, Any], at: int, symbols: Mapping[str, str]) -> Iterator[Record]:
    wire = event.get("s", "")
    if wire not in symbols:
        return
    if event.get("e") == "depthUpdate":
        yield DepthRecord(symbols[wire], at, _levels(event["b"]), _levels(event["a"]))
    elif event.get("e") in ("trade", "aggTrade"):
        side = Side.SELL if event["m"] else Side.BUY
        yield TradeRecord(symbols[wire], at, Decimal(event["p"]), Decimal(event["q"]), side)


def _levels(rows: list[list[str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(row[0]), Decimal(row[1])) for row in rows]
