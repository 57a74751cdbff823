"""Recorded traffic of the real venues gives the known answers; small made-up twins of it always run."""

from __future__ import annotations

import gzip
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foxtrot.model.contract import Contract, OtherRule
from foxtrot.model.events import BookInvalidated, BookUpdated, Event, Quote
from foxtrot.protocol.messages import BookDelta, Channel, ChannelKind, Message, OrderUpdate
from foxtrot.protocol.session import Session
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.codec.user import ListenKeyScheme
from foxtrot_binance.mapping import to_contracts
from foxtrot_binance.messages.market import ExchangeInfo
from foxtrot_binance.servers import BINANCEUS

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
SESSIONS = [
    "binanceus/session-2021-04-17.ndjson",
    "binanceus/session-2021-10-12.ndjson",
    "binance/session-2021-10-12.ndjson",
    "binance/btcusdt-2024-08-08-100s.ndjson.gz",
]
LISTINGS = [
    "binanceus/exchangeInfo-2021-10-12.json",
    "binanceus/exchangeInfo-3-symbols-2025-05-28.json",
    "binanceus/exchangeInfo-BTCUSD-2026-09-04.json",
    "binance/exchangeInfo-25-symbols.json",
]


def read(name: str) -> bytes:
    data = (SHARED / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def symbols_for(names: set[str]) -> SymbolTable:
    """List wire symbols without knowing their assets: the unified name is the wire name cut in two."""
    table = SymbolTable("binanceus")
    table.load(
        Contract(exchange="binanceus", symbol=f"{n[:3]}/{n[3:]}", venue_symbol=n, base=n[:3], quote=n[3:])
        for n in names
    )
    return table


class Outcome:
    def __init__(self) -> None:
        self.updates = self.equal_tops = self.invalid = 0


def replay(lines: list[dict[str, Any]]) -> Outcome:
    """Feed recorded frames and snapshots through codec, session and books; compare tops where update ids are equal."""
    frames = [json.loads(line["data"]) for line in lines if line["t"] == "recv"]
    wires = {f["data"]["s"] for f in frames if "data" in f and "s" in f["data"]}
    table = symbols_for(wires)
    outcome, tops = Outcome(), {}
    seen: list[Event] = []
    next_seq = itertools.count(1).__next__
    codec = BinanceStreamCodec("binanceus", table, next_seq)
    session = Session("binanceus", codec, seen.append, next_seq, lambda *_: None)
    session.subscribe(Channel(ChannelKind.BOOK, table.unified(wire)) for wire in wires)
    session.connected(0.0)
    rest = BinanceRestCodec(BINANCEUS, table, next_seq, recv_window_ms=5_000)
    for line in lines:
        if line["t"] == "recv":
            session.receive(line["data"].encode(), 1, 0.0)
        elif line["t"] == "http" and "lastUpdateId" in line["data"]:
            # A recording of one symbol does not say whose snapshot it is.
            wire = line["url"].split("symbol=")[1].split("&")[0] if "url" in line else min(wires)
            call = rest.fetch_book_snapshot(table.contract(table.unified(wire)))
            session.snapshot(call.decode(line["data"].encode()))
    for event in seen:
        if isinstance(event, Quote):
            tops[event.symbol, event.update_id] = (event.bid, event.bid_quantity, event.ask, event.ask_quantity)
    for event in seen:
        outcome.invalid += isinstance(event, BookInvalidated)
        if isinstance(event, BookUpdated):
            outcome.updates += 1
            assert event.best_bid < event.best_ask
            top = tops.get((event.symbol, event.update_id))
            if top is not None:
                outcome.equal_tops += 1
                book = (event.best_bid, event.best_bid_quantity, event.best_ask, event.best_ask_quantity)
                assert book == top, (event.symbol, event.update_id)
    assert all(book.synced for book in session.books.values() if book.update_id)
    return outcome


@needs_captures
@pytest.mark.parametrize("name", SESSIONS)
def test_recorded_books_have_no_gap_never_cross_and_their_tops_equal_the_book_ticker(name: str) -> None:
    outcome = replay([json.loads(line) for line in read(name).splitlines()])
    assert outcome.invalid == 0
    assert outcome.updates > 100
    assert outcome.equal_tops > 10


@needs_captures
def test_a_recorded_session_with_one_frame_cut_out_says_that_its_book_is_invalid() -> None:
    lines = [json.loads(line) for line in read(SESSIONS[3]).splitlines()]
    depths = [i for i, line in enumerate(lines) if "depthUpdate" in line.get("data", "")]
    with pytest.raises(AssertionError):
        replay(lines[: depths[500]] + lines[depths[500] + 1 :])


@needs_captures
@pytest.mark.parametrize("name", LISTINGS)
def test_every_recorded_listing_loads_and_maps_symbols_one_to_one(name: str) -> None:
    raw = json.loads(read(name))
    info = msgspec.json.decode(json.dumps(raw.get("response", raw)).encode(), type=ExchangeInfo)
    contracts = to_contracts(info, "binanceus")
    table = SymbolTable("binanceus")
    table.load(contracts)
    assert len(table) == len(info.symbols)
    assert all(table.unified(table.venue(c.symbol)) == c.symbol for c in contracts)
    assert all(len(c.rules) == len(s.filters) for c, s in zip(contracts, info.symbols, strict=True))
    assert not [r for c in contracts for r in c.rules if isinstance(r, OtherRule)]
    assert all(c.price_tick > 0 and c.quantity_step > 0 and c.order_types for c in contracts)


@needs_captures
def test_the_recorded_private_report_becomes_the_fill_that_it_was() -> None:
    raw = read("binanceus/executionReport-trade-filled-BTCUSD-2025-10-01.json")
    table = SymbolTable("binanceus")
    table.load([Contract(exchange="x", symbol="BTC/USD", venue_symbol="BTCUSD", base="BTC", quote="USD")])
    told: list[Message] = []
    ListenKeyScheme(table).read(raw, 5, told.append)
    (update,) = told
    assert isinstance(update, OrderUpdate)
    (fill,) = update.fills
    assert (update.status.value, update.order_id, str(update.filled)) == ("filled", "2281896601", "0.00042000")
    assert (str(fill.fee), fill.fee_asset, fill.trade_id, fill.is_maker) == ("0.00492621", "USD", "88685053", False)
    assert fill.quote_quantity == update.filled_quote


@needs_captures
def test_recorded_klines_and_trades_decode() -> None:
    table = symbols_for({"BTCUSDT", "ETHBTC"})
    rest = BinanceRestCodec(BINANCEUS, table, itertools.count(1).__next__, recv_window_ms=5_000)
    rows = json.loads(read("binance/rest-klines-1h-BTCUSDT-2023-01.json"))["response"]
    bars = rest.fetch_bars(table.contract("BTC/USDT"), "1h", None, None, 1_000).decode(json.dumps(rows).encode())
    assert [b.open_time // 1_000_000 for b in bars] == [row[0] for row in rows]
    assert bars[0].close == float(rows[0][4])
    found = json.loads(read("binance/rest-trades-ETHBTC-first-500.json"))["response"]
    trades = rest.fetch_trades(table.contract("ETH/BTC"), 500, "").decode(json.dumps(found).encode())
    assert len(trades) == 500
    assert trades[0].side.value == "buy"


def twin(cut: int | None = None) -> Iterator[dict[str, Any]]:
    """Make up a short recording: a snapshot between the deltas, and a ticker with the id of a delta."""
    frames = [
        {"e": "depthUpdate", "E": i, "s": "BTCUSDT", "U": i * 2 - 1, "u": i * 2, "b": [[str(100 + i), "1"]], "a": []}
        for i in range(1, 6)
    ]
    for number, frame in enumerate(frames):
        if number == 2:
            snapshot = {"lastUpdateId": 3, "bids": [["99", "2"]], "asks": [["200", "1"]]}
            yield {"t": "http", "url": "https://x/api/v3/depth?symbol=BTCUSDT&limit=1000", "data": json.dumps(snapshot)}
        if number != cut:
            yield {"t": "recv", "data": json.dumps({"stream": "btcusdt@depth@100ms", "data": frame})}
    quote = {"u": 10, "s": "BTCUSDT", "b": "105", "B": "1", "a": "200", "A": "1"}
    yield {"t": "recv", "data": json.dumps({"stream": "btcusdt@bookTicker", "data": quote})}


def test_a_made_up_recording_gives_the_same_answers() -> None:
    outcome = replay(list(twin()))
    assert (outcome.invalid, outcome.updates, outcome.equal_tops) == (0, 4, 1)


def test_a_made_up_recording_with_a_gap_is_noticed() -> None:
    with pytest.raises(AssertionError):
        replay(list(twin(cut=3)))


def test_a_delta_knows_what_must_come_before_it() -> None:
    codec = BinanceStreamCodec("x", symbols_for({"BTCUSDT"}), itertools.count(1).__next__)
    told: list[Message] = []
    codec.decode(json.dumps(json.loads(next(twin())["data"])).encode(), 1, told.append)
    (delta,) = told
    assert isinstance(delta, BookDelta)
    assert (delta.previous_id, delta.first_id, delta.last_id) == (0, 1, 2)
