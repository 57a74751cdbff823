"""Recorded traffic of the real venue gives the known answers; small made-up twins of it always run."""

from __future__ import annotations

import itertools
import json
import os
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from foxtrot.model.contract import ContractStatus
from foxtrot.model.events import Bar, Quote, Ticker, Trade
from foxtrot.model.order import OrderStatus, OrderType, Side
from foxtrot.protocol.calls import Call
from foxtrot.protocol.messages import (
    Ack,
    BalanceDelta,
    BookDelta,
    BookSnapshot,
    Channel,
    ChannelKind,
    ListingChanged,
    Message,
    Nack,
    OrderUpdate,
    Pong,
    Unknown,
)
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.rpc import KrakenRpcCodec
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.codec.user import UserReader
from foxtrot_kraken.mapping import Names, to_contracts
from foxtrot_kraken.messages.market import PairInfo

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
CAPTURES = SHARED / "captures" / "kraken"
needs_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded captures are not on this machine")
BOOK = Channel(ChannelKind.BOOK, "BTC/USD")
LEVELS = ("bids", "asks")


def frames(name: str) -> list[str]:
    return [record["data"] for record in map(json.loads, (CAPTURES / name).read_text().splitlines())]


# listings and answers


@needs_captures
def test_the_recorded_listing_maps_symbols_one_to_one() -> None:
    pairs = json.loads((CAPTURES / "AssetPairs-part.json").read_text())
    body = json.dumps({"error": [], "result": pairs.get("result", pairs)}).encode()
    names, table = Names(), SymbolTable("kraken")
    rest = KrakenRestCodec("kraken", table, names, itertools.count(1).__next__, lambda: 0, tier="pro")
    contracts = rest.fetch_markets().decode(body).contracts
    table.load(contracts)
    raw = json.loads(body)["result"]
    assert len(table) == len(raw) == 988
    assert all(table.unified(table.venue(c.symbol)) == c.symbol for c in contracts)
    for key, info in raw.items():
        assert table.unified(info["altname"]) == table.unified(info["wsname"]) == table.unified(key)
    assert {c.status for c in contracts} == {
        ContractStatus.TRADING, ContractStatus.CANCEL_ONLY, ContractStatus.OTHER,
    }  # fmt: skip
    assert {c.venue_status for c in contracts} == {"online", "cancel_only", "post_only", "reduce_only"}
    for c in contracts:
        info = raw[c.venue_symbol]
        assert (c.price_tick, c.quantity_step) == (D(info["tick_size"]), D(1).scaleb(-info["lot_decimals"]))
        assert (c.min_quantity, c.min_notional) == (D(info["ordermin"]), D(info["costmin"]))
    assert {"BTC/USD", "DOGE/USD", "ETH/BTC", "BTC/USDT"} <= {c.symbol for c in contracts}
    assert not {"XBT", "XDG"} & {name for c in contracts for name in c.symbol.split("/")}
    assert (names.asset("XXBT"), names.asset("ZEUR"), names.asset("XXDG"), names.asset("SOL")) == (
        "BTC", "EUR", "DOGE", "SOL",
    )  # fmt: skip


def answered(call: Call[Any], name: str) -> tuple[Any, Any]:
    body = (CAPTURES / name).read_bytes()
    return call.decode(body), json.loads(body)["result"]


def usdt() -> tuple[KrakenRestCodec, Any]:
    names, table = Names(), SymbolTable("kraken")
    rest = KrakenRestCodec("kraken", table, names, itertools.count(1).__next__, lambda: 0, tier="pro")
    table.load(answered(rest.fetch_markets(), "rest-asset_pairs-XBTUSDT-2025-11-10.json")[0].contracts)
    return rest, table.contract("BTC/USDT")


@needs_captures
def test_recorded_candles_decode() -> None:
    rest, contract = usdt()
    bars, raw = answered(rest.fetch_bars(contract, "1m", None, None, 1_000), "rest-ohlc-XBTUSDT-2025-11-10.json")
    rows = raw["XBTUSDT"]
    assert len(bars) == len(rows) > 700
    assert [b.open_time for b in bars] == [row[0] * 10**9 for row in rows]
    assert [(b.open, b.high, b.low, b.close, b.volume, b.trades) for b in bars] == [
        (*map(float, row[1:5]), float(row[6]), row[7]) for row in rows
    ]
    traded = next(b for b in bars if b.volume)
    assert traded.low <= traded.quote_volume / traded.volume <= traded.high


@needs_captures
def test_recorded_trades_decode() -> None:
    rest, contract = usdt()
    trades, raw = answered(rest.fetch_trades(contract, 1_000, ""), "rest-trades-XBTUSDT-2025-11-10-first-half.json")
    rows = raw["XBTUSDT"]
    assert [t.trade_id for t in trades] == [row[6] for row in rows]
    assert [(t.price, t.quantity, t.side) for t in trades] == [
        (float(row[0]), float(row[1]), {"b": Side.BUY, "s": Side.SELL}[row[3]]) for row in rows
    ]
    assert trades[0].ts_event == 1_762_795_433_971_744_500
    assert [t.trade_id for t in rest.fetch_trades(contract, 3, "").decode(json.dumps({"result": raw}).encode())] == [
        row[6] for row in rows[-3:]
    ]


@needs_captures
def test_recorded_tickers_books_and_the_time_decode() -> None:
    rest, contract = usdt()
    (ticker,), _ = answered(rest.fetch_tickers([contract]), "rest-ticker-XBTUSDT-2025-11-10.json")
    assert (ticker.last, ticker.last_quantity) == (105899.4, 0.00009443)
    assert (ticker.bid, ticker.bid_quantity, ticker.ask, ticker.ask_quantity) == (105944.2, 1.0, 105944.3, 1.0)
    assert (ticker.high, ticker.low, ticker.volume, ticker.trades) == (106613.1, 104711.0, 163.28908096, 3276)
    book, raw = answered(rest.fetch_order_book(contract, 100), "rest-order_book-XBTUSDT-2025-11-10.json")
    assert book.asks == tuple((float(p), float(q)) for p, q, _ in raw["XBTUSDT"]["asks"])
    assert book.bids == tuple((float(p), float(q)) for p, q, _ in raw["XBTUSDT"]["bids"])
    at, _ = answered(rest.fetch_server_time(), "rest-server_time-2025-11-10.json")
    assert at == 1_762_820_224_500_000_000


# single frames


def table_for(frame: Any) -> tuple[SymbolTable, Names]:
    """List the symbols that a frame speaks of."""
    names, table = Names(), SymbolTable("kraken")
    data = frame.get("data")
    found = {one.get("symbol") for one in data} if isinstance(data, list) else set()
    pairs = {}
    for symbol in filter(None, found | {"BTC/USD"}):
        base, quote = symbol.split("/")
        pairs[base + quote] = PairInfo(
            altname=base + quote, base=base, quote=quote, wsname=symbol, pair_decimals=1, lot_decimals=8
        )
    table.load(to_contracts(pairs, "kraken", names))
    return table, names


PUBLIC = {"heartbeat", "status", "ticker", "trade", "ohlc", "book", "instrument"}
PRIVATE = {"executions", "balances"}
NEVER_ASKED_FOR = {"level3"}
REQUESTS = {"add_order", "amend_order", "cancel_order"}


def public(data: str) -> list[Message]:
    table, names = table_for(json.loads(data))
    told: list[Message] = []
    KrakenStreamCodec("x", table, names, itertools.count(1).__next__, book_depth=10).decode(
        data.encode(), 1, told.append
    )
    return told


def private(*frames: str) -> list[Message]:
    reader, told = UserReader(table_for(json.loads(frames[0]))[0]), list[Message]()
    for data in frames:
        reader.read(data.encode(), 1, told.append)
    return told


def first_of_its_channel(data: str) -> str:
    """Return a private frame as the first of its connection."""
    return json.dumps(json.loads(data) | {"sequence": 1})


@needs_captures
def test_every_recorded_frame_of_a_known_channel_is_read() -> None:
    recorded = map(json.loads, (CAPTURES / "ws-v2-messages-2024.ndjson").read_text().splitlines())
    heard: dict[str, list[Message]] = {}
    for record in recorded:
        if record["t"] != "recv":
            continue
        frame = json.loads(record["data"])
        channel = frame.get("channel", "")
        if channel in NEVER_ASKED_FOR:
            assert [type(m) for m in public(record["data"])] == [Unknown]
            continue
        if channel in PRIVATE:
            heard.setdefault(channel, []).extend(private(first_of_its_channel(record["data"])))
        elif channel in PUBLIC or frame["method"] in ("subscribe", "pong", "ping"):
            heard.setdefault(channel or frame["method"], []).extend(public(record["data"]))
        elif frame["method"] in REQUESTS:
            number, answer = KrakenRpcCodec(table_for({})[0]).decode(record["data"].encode()) or (None, None)
            assert number == frame["req_id"]
            assert answer is not None
            body = json.loads(answer.body)
            assert body["error"] == ([frame["error"]] if "error" in frame else [])
            assert body.get("result") == frame.get("result")
    kinds = {channel: {type(m) for m in told} for channel, told in heard.items()}
    assert kinds == {
        "heartbeat": {Pong},
        "status": {Pong},
        "subscribe": {Ack, Nack},
        "pong": {Pong},
        "ping": {Nack},
        "ticker": {Quote, Ticker},
        "trade": {Trade},
        "ohlc": {Bar},
        "book": {BookSnapshot, BookDelta},
        "instrument": {ListingChanged},
        "executions": {OrderUpdate, Unknown},  # changes of orders whose beginning the recording does not have
        "balances": {BalanceDelta},
    }


@needs_captures
def test_recorded_executions_say_what_they_said() -> None:
    told = [
        update
        for data in frames("ws-v2-messages-2024.ndjson")
        if '"executions"' in data and '"data"' in data
        for update in private(first_of_its_channel(data))
        if isinstance(update, OrderUpdate)
    ]
    by_type = {update.type: update for update in told if update.order_id == "AHOJQ8-1E72C-8M2VQH"}
    limit, stop = by_type[OrderType.LIMIT], by_type[OrderType.STOP_LOSS_LIMIT]
    assert (limit.symbol, limit.side, limit.status) == ("ADX/USD", Side.BUY, OrderStatus.OPEN)
    assert (limit.quantity, limit.price, limit.stop_price) == (D("81.36256082"), D("0.18328"), None)
    assert (stop.price, stop.stop_price) == (D("0.2"), D("0.2"))
    assert limit.ts_created == 1_716_033_716_165_888_000


@needs_captures
def test_a_recorded_end_is_of_the_order_that_was_told_of_before() -> None:
    new, end = (
        next(data for data in frames("ws-v2-messages-2024.ndjson") if text in data)
        for text in ('"limit","order_userref"', '"canceled"')
    )
    order_id = json.loads(end)["data"][0]["order_id"]
    born = json.loads(new)
    born["data"][0]["order_id"] = order_id
    ended = json.loads(end) | {"sequence": 2}
    _, update = private(first_of_its_channel(json.dumps(born)), json.dumps(ended))
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.reason, update.symbol) == (OrderStatus.CANCELED, "User requested", "ADX/USD")
