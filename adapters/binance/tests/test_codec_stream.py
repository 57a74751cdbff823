"""The public streams: control frames out, events in, and no frame that ends anything."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from foxtrot.model.events import Bar, Event, Quote, Ticker, Trade
from foxtrot.model.order import Side
from foxtrot.protocol.messages import Ack, BookDelta, Channel, ChannelKind, Message, Nack, Unknown
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.codec.stream import BinanceStreamCodec
from foxtrot_binance.servers import BINANCEUS

TRADE = {"e": "trade", "E": 2, "s": "BTCUSDT", "t": 12, "p": "61837.63", "q": "0.5", "T": 1, "m": True, "M": True}
QUOTE = {"u": 4, "s": "BTCUSDT", "b": "1.5", "B": "2", "a": "2.5", "A": "3"}
DEPTH = {"e": "depthUpdate", "E": 3, "s": "BTCUSDT", "U": 157, "u": 160, "b": [["1.5", "0"]], "a": []}
KLINE: dict[str, Any] = {
    "t": 60_000, "T": 119_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 4, "o": "1", "c": "2", "h": "3", "l": "0.5",
    "v": "9", "n": 4, "x": True, "q": "10", "V": "1", "Q": "1", "B": "0",
}  # fmt: skip
TICKER: dict[str, Any] = dict.fromkeys("pPwxcQbBaAohlvq", "1.0") | {"e": "24hrTicker", "E": 7, "s": "BTCUSDT", "n": 3}


def make(symbols: SymbolTable) -> BinanceStreamCodec:
    return BinanceStreamCodec("binanceus", symbols, itertools.count(1).__next__)


EVERYTHING = [
    Channel(ChannelKind.TRADES, "BTC/USDT"),
    Channel(ChannelKind.QUOTES, "BTC/USDT"),
    Channel(ChannelKind.TICKER, "BTC/USDT"),
    Channel(ChannelKind.BOOK, "BTC/USDT"),
    Channel(ChannelKind.OHLCV, "BTC/USDT", "1m"),
]


def heard(symbols: SymbolTable, *frames: object) -> list[Message]:
    """Return what a codec says that has asked for nothing; one that expects every stream must say the same."""
    plain, expecting = make(symbols), make(symbols)
    expecting.subscribe(EVERYTHING, 1)
    told = said(plain, *frames)
    assert said(expecting, *frames) == told
    return told


def said(codec: BinanceStreamCodec, *frames: object) -> list[Message]:
    told: list[Message] = []
    for frame in frames:
        codec.decode(frame if isinstance(frame, bytes) else json.dumps(frame).encode(), 99, told.append)
    return told


def test_a_single_expected_stream_takes_no_frame_that_names_another_or_none(symbols: SymbolTable) -> None:
    codec = make(symbols)
    codec.subscribe(EVERYTHING[:1], 1)
    told = said(
        codec,
        {"data": TRADE},
        {"stream": "(none)", "data": {}},
        {"stream": "btcusdt@bookTicker", "data": QUOTE},
        {"data": TRADE, "stream": "btcusdt@trade"},
    )
    assert [type(message) for message in told] == [Unknown, Unknown, Quote, Trade]


def test_subscriptions_are_asked_for_by_the_venues_stream_names(symbols: SymbolTable) -> None:
    codec = make(symbols)
    kinds = {
        Channel(ChannelKind.TRADES, "BTC/USDT"): "btcusdt@trade",
        Channel(ChannelKind.QUOTES, "BTC/USDT"): "btcusdt@bookTicker",
        Channel(ChannelKind.TICKER, "BTC/USDT"): "btcusdt@ticker",
        Channel(ChannelKind.BOOK, "BTC/USDT"): "btcusdt@depth@100ms",
        Channel(ChannelKind.OHLCV, "BTC/USDT", "5m"): "btcusdt@kline_5m",
    }
    wanted = {"method": "SUBSCRIBE", "params": list(kinds.values()), "id": 3}
    assert json.loads(codec.subscribe(list(kinds), 3)) == wanted
    assert json.loads(codec.unsubscribe(list(kinds), 3)) == wanted | {"method": "UNSUBSCRIBE"}
    assert codec.url(BINANCEUS.live) == "wss://stream.binance.us:9443/stream"


def test_payloads_become_events_with_nanoseconds_and_a_running_number(symbols: SymbolTable) -> None:
    events = heard(
        symbols,
        {"stream": "btcusdt@trade", "data": TRADE},
        {"stream": "btcusdt@bookTicker", "data": QUOTE},
        {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "E": 5, "s": "BTCUSDT", "k": KLINE}},
        {"stream": "btcusdt@ticker", "data": TICKER},
    )
    assert [type(e) for e in events] == [Trade, Quote, Bar, Ticker]
    assert [(e.symbol, e.ts_recv, e.seq) for e in events if isinstance(e, Event)] == [
        ("BTC/USDT", 99, n) for n in (1, 2, 3, 4)
    ]
    trade, quote, bar, ticker = events
    assert isinstance(trade, Trade)
    assert (trade.ts_event, trade.trade_id, trade.price, trade.quantity) == (1_000_000, 12, 61837.63, 0.5)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity, quote.update_id) == (1.5, 2.0, 2.5, 3.0, 4)
    assert isinstance(bar, Bar)
    assert (bar.open_time, bar.closed, bar.interval) == (60_000 * 10**6, True, "1m")
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume) == (1.0, 3.0, 0.5, 2.0, 9.0, 10.0)
    assert isinstance(ticker, Ticker)
    assert (ticker.ts_event, ticker.trades) == (7_000_000, 3)


@pytest.mark.parametrize(("buyer_is_maker", "side"), [(True, Side.SELL), (False, Side.BUY)])
def test_a_trades_side_is_the_takers(symbols: SymbolTable, buyer_is_maker: bool, side: Side) -> None:
    (trade,) = heard(symbols, {"stream": "btcusdt@trade", "data": TRADE | {"m": buyer_is_maker}})
    assert isinstance(trade, Trade)
    assert trade.side is side


@pytest.mark.parametrize("stream", ["btcusdt@depth", "btcusdt@depth@100ms"])
def test_a_depth_update_says_which_update_must_come_before_it(symbols: SymbolTable, stream: str) -> None:
    (delta,) = heard(symbols, {"stream": stream, "data": DEPTH})
    assert delta == BookDelta("BTC/USDT", 3_000_000, 99, 157, 160, 156, [(1.5, 0.0)], [])


def test_trades_with_and_without_the_order_ids_are_read(symbols: SymbolTable) -> None:
    old, new = heard(
        symbols,
        {"stream": "btcusdt@trade", "data": TRADE | {"b": 88, "a": 50}},
        {"stream": "btcusdt@trade", "data": TRADE},
    )
    assert isinstance(old, Trade)
    assert isinstance(new, Trade)
    assert old.trade_id == new.trade_id


def test_answers_to_control_messages_are_told_from_payloads(symbols: SymbolTable) -> None:
    told = heard(
        symbols,
        {"result": None, "id": 1},
        {"result": ["btcusdt@trade"], "id": 5},
        {"error": {"code": 2, "msg": "Invalid request"}, "id": 2},
        {"code": 3, "msg": "Invalid JSON"},
        {"code": 0, "msg": "Unknown property", "id": "four"},
    )
    assert told == [
        Ack(1),
        Ack(5),
        Nack(2, "2", "Invalid request"),
        Nack(None, "3", "Invalid JSON"),
        Nack("four", "0", "Unknown property"),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000,
        b'{"x":' * 100_000,
        {"stream": "btcusdt@trade", "data": {"p": "x"}},
        {"stream": "btcusdt@trade"},
        {"stream": "btcusdt@trade", "data": TRADE | {"p": "nan"}},
        {"stream": "btcusdt@bookTicker", "data": QUOTE | {"A": "-1"}},
        {"stream": "btcusdt@depth@100ms", "data": DEPTH | {"b": [["inf", "1"]]}},
        {"stream": "nopeusdt@trade", "data": {}},
        {"stream": "btcusdt@hologram", "data": {}},
        {"stream": "!ticker@arr", "data": []},
        {"stream": 5, "data": {}},
        {"e": "serverShutdown", "E": 1},
        {"surprise": True},
    ],
    ids=lambda f: str(f)[:40],
)
def test_a_frame_that_cannot_be_read_is_kept_and_kills_nothing(symbols: SymbolTable, frame: object) -> None:
    told = heard(symbols, frame, {"stream": "btcusdt@bookTicker", "data": QUOTE})
    assert [type(m) for m in told] == [Unknown, Quote]
    unknown = told[0]
    assert isinstance(unknown, Unknown)
    assert unknown.reason


def test_the_bytes_of_an_unreadable_frame_are_kept(symbols: SymbolTable) -> None:
    (unknown,) = heard(symbols, b'{"stream":"btcusdt@trade","data":{"p":"x"}}')
    assert isinstance(unknown, Unknown)
    assert unknown.data == b'{"stream":"btcusdt@trade","data":{"p":"x"}}'
