"""The public channels: control frames out, events in, and no frame that ends anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foxtrot.errors import UnknownSymbol, UnsupportedError
from foxtrot.model.events import Bar, Quote, Ticker, Trade
from foxtrot.model.order import Side
from foxtrot.protocol.messages import (
    UNNUMBERED,
    Ack,
    BookDelta,
    BookSnapshot,
    Channel,
    ChannelKind,
    ListingChanged,
    Message,
    Nack,
    Pong,
    StreamEnded,
    Unknown,
)
from foxtrot_kraken.codec.stream import KrakenStreamCodec
from foxtrot_kraken.servers import LIVE

TICKER: dict[str, Any] = {
    "symbol": "BTC/USD", "bid": 65972.8, "bid_qty": 0.1, "ask": 65972.9, "ask_qty": 39.5, "last": 65972.9,
    "volume": 4.0, "vwap": 64275.25, "low": 61325.4, "high": 66450.0, "change": 4412.9, "change_pct": 7.17,
    "timestamp": "2026-01-01T00:00:00.000002Z",
}  # fmt: skip
TRADE: dict[str, Any] = {
    "symbol": "BTC/USD", "side": "sell", "price": 68466.9, "qty": 0.01919415, "ord_type": "market",
    "trade_id": 70635251, "timestamp": "2024-05-27T12:33:10.826003Z",
}  # fmt: skip
NEW_YEAR = 1_767_225_600 * 10**9
MINUTE = 60 * 10**9


def said(codec: KrakenStreamCodec, *frames: object) -> list[Message]:
    told: list[Message] = []
    for frame in frames:
        codec.decode(frame if isinstance(frame, bytes) else json.dumps(frame).encode(), 99, told.append)
    return told


def frame(channel: str, *entries: dict[str, Any], kind: str = "update", **more: Any) -> dict[str, Any]:
    return {"channel": channel, "type": kind, "data": list(entries), **more}


# control


@pytest.mark.parametrize(
    ("channel", "params"),
    [
        (Channel(ChannelKind.QUOTES, "BTC/USD"), {"channel": "ticker", "event_trigger": "bbo", "snapshot": True}),
        (Channel(ChannelKind.TRADES, "BTC/USD"), {"channel": "trade", "snapshot": False}),
        (Channel(ChannelKind.BOOK, "BTC/USD"), {"channel": "book", "depth": 10, "snapshot": True}),
        (Channel(ChannelKind.BOOK, "BTC/USD", "500"), {"channel": "book", "depth": 500, "snapshot": True}),
        (Channel(ChannelKind.OHLCV, "BTC/USD", "4h"), {"channel": "ohlc", "interval": 240, "snapshot": True}),
    ],
)
def test_a_subscription_says_what_is_wanted_and_its_end_names_the_same(
    stream: KrakenStreamCodec, channel: Channel, params: dict[str, Any]
) -> None:
    wanted = json.loads(stream.subscribe([channel], 3))
    assert wanted == {"method": "subscribe", "params": {"symbol": ["BTC/USD"], **params}, "req_id": 3}
    ended = json.loads(stream.unsubscribe([channel], 4))
    del params["snapshot"]
    assert ended == {"method": "unsubscribe", "params": {"symbol": ["BTC/USD"], **params}, "req_id": 4}
    assert stream.url(LIVE) == "wss://ws.kraken.com/v2"


def test_the_listing_is_of_the_whole_venue_and_what_has_changed_of_it_is_asked_for_elsewhere(
    stream: KrakenStreamCodec,
) -> None:
    wanted = json.loads(stream.subscribe([Channel(ChannelKind.LISTING, "")], 3))
    assert wanted["params"] == {"channel": "instrument", "snapshot": False}
    ended = json.loads(stream.unsubscribe([Channel(ChannelKind.LISTING, "")], 4))
    assert ended["params"] == {"channel": "instrument"}
    pair = {"symbol": "EUR/USD", "status": "cancel_only", "price_precision": 5, "cost_min": 0.5}
    told = said(stream, {"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": [pair]}})
    assert told == [ListingChanged()]


def test_one_request_asks_for_many_symbols_and_statistics_come_with_the_quotes(stream: KrakenStreamCodec) -> None:
    channels = [Channel(ChannelKind.TRADES, symbol) for symbol in ("BTC/USD", "ETH/BTC")]
    assert json.loads(stream.subscribe(channels, 1))["params"]["symbol"] == ["BTC/USD", "ETH/BTC"]
    assert stream.limits.carriers == {ChannelKind.TICKER: ChannelKind.QUOTES}
    assert stream.limits.uniform_requests


def test_what_the_venue_does_not_have_is_not_asked_for(stream: KrakenStreamCodec) -> None:
    with pytest.raises(UnsupportedError, match="it has 1m"):
        stream.subscribe([Channel(ChannelKind.OHLCV, "BTC/USD", "3m")], 1)
    with pytest.raises(UnknownSymbol):
        stream.subscribe([Channel(ChannelKind.TRADES, "NOPE/USD")], 1)


def test_answers_are_about_one_symbol_each(stream: KrakenStreamCodec) -> None:
    result = {"channel": "book", "depth": 10, "snapshot": True, "symbol": "BTC/USD", "warnings": ["old"]}
    failed = {"success": False, "symbol": "XBT/USD", "time_in": "x", "time_out": "x"}
    refusal = "Currency pair not supported XBT/USD"
    assert said(
        stream,
        {"method": "subscribe", "req_id": 11, "result": result, "success": True, "error": None},
        {"method": "unsubscribe", "req_id": 12, "result": result, "success": True},
        {"method": "subscribe", "req_id": 13, "error": refusal, **failed},
        {"method": "subscribe", "error": "Unsupported event", "success": False},
        {"Error": "Exceeded msg rate"},
        {"method": "pong", "req_id": 1, "time_in": "x"},
        {"channel": "heartbeat"},
        {"channel": "status", "type": "update", "data": [{"system": "online", "connection_id": 2**63}]},
        {"channel": "status", "type": "update", "data": [{"system": "cancel_only"}]},
        {"channel": "status", "type": "update", "data": [{"system": "maintenance"}]},
    ) == [
        Ack(11, "", "BTC/USD"),
        Ack(12, "", "BTC/USD"),
        Nack(13, refusal, refusal, "XBT/USD"),
        Nack(None, "Unsupported event", "Unsupported event"),
        Nack(None, "Exceeded msg rate", "Exceeded msg rate"),
        Pong(),
        Pong(),
        Pong(),
        Pong(),
        StreamEnded("maintenance"),
    ]


# events


def test_a_ticker_brings_a_quote_and_statistics(stream: KrakenStreamCodec) -> None:
    quote, ticker = said(stream, frame("ticker", TICKER))
    at = NEW_YEAR + 2_000
    assert quote == Quote("kraken", "BTC/USD", at, 99, 1, 65972.8, 0.1, 65972.9, 39.5)
    day = (61560.0, 66450.0, 61325.4, 4.0, 257101.0, 7.17)
    assert ticker == Ticker("kraken", "BTC/USD", at, 99, 2, 65972.9, 0.0, 65972.8, 0.1, 65972.9, 39.5, *day)


@pytest.mark.parametrize(("word", "side"), [("sell", Side.SELL), ("buy", Side.BUY)])
def test_a_trades_side_is_the_takers(stream: KrakenStreamCodec, word: str, side: Side) -> None:
    (trade,) = said(stream, frame("trade", TRADE | {"side": word}))
    at = 1_716_813_190_826_003_000
    assert trade == Trade("kraken", "BTC/USD", at, 99, 1, 70635251, 68466.9, 0.01919415, side)


def test_a_book_begins_with_a_snapshot_and_goes_on_unnumbered(stream: KrakenStreamCodec) -> None:
    levels = {"bids": [{"price": 5.0, "qty": 1.0}], "asks": [{"price": 6.0, "qty": 2.0}]}
    entry = {"symbol": "BTC/USD", **levels, "checksum": 7}
    at, number = NEW_YEAR + 3_000, (NEW_YEAR + 3_000) // 1_000
    assert said(
        stream,
        frame("book", entry, kind="snapshot"),
        frame("book", entry | {"timestamp": "2026-01-01T00:00:00.000003Z"}),
    ) == [
        BookSnapshot("BTC/USD", 99, 0, [(5.0, 1.0)], [(6.0, 2.0)], 7),
        BookDelta("BTC/USD", at, 99, number, number, UNNUMBERED, [(5.0, 1.0)], [(6.0, 2.0)], 7),
    ]


def test_a_kept_book_is_checked_to_the_depth_that_was_asked_for(stream: KrakenStreamCodec) -> None:
    rules = stream.book_rules(Channel(ChannelKind.BOOK, "BTC/USD"))
    assert rules.depth == 10
    assert rules.checksum is not None
    assert stream.book_rules(Channel(ChannelKind.BOOK, "BTC/USD", "25")).depth == 25


# candles


def candle(minute: int, close: float, **values: Any) -> dict[str, Any]:
    return {
        "symbol": "BTC/USD", "open": 1.0, "high": 9.0, "low": 1.0, "close": close, "trades": 3, "volume": 2.0,
        "vwap": 5.0, "interval_begin": f"2026-01-01T00:{minute:02}:00.000000000Z", "interval": 1,
        "timestamp": "2026-01-01T00:59:00.000000Z",
    } | values  # fmt: skip


def candles(stream: KrakenStreamCodec, *entries: dict[str, Any], kind: str = "update") -> list[tuple[int, float, bool]]:
    told = said(stream, frame("ohlc", *entries, kind=kind, timestamp="2026-01-01T00:30:00.000000000Z"))
    bars = [bar for bar in told if isinstance(bar, Bar)]
    assert len(bars) == len(told)
    assert [bar.seq for bar in bars] == sorted({bar.seq for bar in bars})
    return [((bar.open_time - NEW_YEAR) // MINUTE, bar.close, bar.closed) for bar in bars]


def test_a_candle_is_told_as_it_is(stream: KrakenStreamCodec) -> None:
    (bar,) = said(stream, frame("ohlc", candle(5, 4.0), timestamp="2026-01-01T00:05:30.000000001Z"))
    assert isinstance(bar, Bar)
    assert (bar.interval, bar.open_time, bar.ts_event) == (
        "1m",
        NEW_YEAR + 5 * MINUTE,
        NEW_YEAR + 5 * MINUTE + 30 * 10**9,
    )
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume) == (1.0, 9.0, 1.0, 4.0, 2.0, 10.0)
    assert (bar.trades, bar.closed) == (3, False)


def test_a_candle_is_closed_when_the_next_one_begins(stream: KrakenStreamCodec) -> None:
    assert candles(stream, candle(5, 4.0)) == [(5, 4.0, False)]
    assert candles(stream, candle(5, 4.5)) == [(5, 4.5, False)]
    assert candles(stream, candle(7, 6.0)) == [(5, 4.5, True), (7, 6.0, False)]
    assert candles(stream, candle(5, 1.0)) == []  # late, and of one that was closed
    assert candles(stream, candle(7, 6.5), candle(8, 7.0)) == [(7, 6.5, False), (7, 6.5, True), (8, 7.0, False)]


def test_of_the_past_nothing_is_told_at_first_and_after_a_reconnect_what_was_missed_once(
    stream: KrakenStreamCodec,
) -> None:
    assert candles(stream, candle(3, 1.0), candle(4, 2.0), candle(5, 3.0), kind="snapshot") == [(5, 3.0, False)]
    assert candles(stream, candle(5, 3.5), candle(6, 4.0)) == [(5, 3.5, False), (5, 3.5, True), (6, 4.0, False)]
    past = [candle(4, 2.0), candle(5, 3.5), candle(6, 4.4), candle(7, 5.0), candle(8, 6.0)]
    assert candles(stream, *past, kind="snapshot") == [
        (6, 4.4, False),
        (6, 4.4, True),
        (7, 5.0, False),
        (7, 5.0, True),
        (8, 6.0, False),
    ]


def test_a_candle_of_which_the_end_is_not_known_is_never_told_as_closed(stream: KrakenStreamCodec) -> None:
    candles(stream, candle(5, 3.0))
    # A long loss: what is sent of the past begins later.
    assert candles(stream, candle(20, 8.0), candle(21, 9.0), kind="snapshot") == [(21, 9.0, False)]
    stream.unsubscribe([Channel(ChannelKind.OHLCV, "BTC/USD", "1m")], 1)
    assert candles(stream, candle(40, 5.0)) == [(40, 5.0, False)]


def test_symbols_and_intervals_have_candles_of_their_own(stream: KrakenStreamCodec) -> None:
    candles(stream, candle(5, 3.0))
    assert candles(stream, candle(10, 3.0, interval=5)) == [(10, 3.0, False)]
    assert candles(stream, candle(10, 3.0, symbol="ETH/BTC")) == [(10, 3.0, False)]
    assert candles(stream, candle(6, 3.0)) == [(5, 3.0, True), (6, 3.0, False)]


# what cannot be read


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"{", b"[]", b"\xff\xfe", b'{"channel":"trade","data":' + b"[" * 100_000, b'{"x":' * 100_000,
        frame("trade", TRADE | {"price": "x"}),
        frame("trade", TRADE | {"price": -1.0}),
        frame("trade", TRADE | {"side": "sideways"}),
        frame("trade", TRADE | {"symbol": "NOPE/USD"}),
        frame("trade", TRADE | {"timestamp": "2024-05-27T12:33:10"}),
        frame("trade", TRADE | {"timestamp": None}),
        frame("ticker", TICKER | {"bid": None}),
        frame("book", {"symbol": "BTC/USD", "bids": [], "asks": []}),
        frame("ohlc", {"symbol": "BTC/USD"}),
        frame("level3"),
        {"channel": "trade", "type": "update"},
        {"channel": 5},
        {"channel": "status", "data": 5},
        {"channel": "status", "data": [5]},
        {"method": "subscribe", "success": True, "result": {}},
        {"method": "subscribe", "req_id": 5, "success": True},
        {"method": "subscribe"},
        {"surprise": True},
    ],
    ids=lambda bad: str(bad)[:50],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_kept_and_kills_nothing(stream: KrakenStreamCodec, bad: object) -> None:
    told = said(stream, bad, frame("trade", TRADE))
    assert [type(message) for message in told] == [Unknown, Trade]
    unknown = told[0]
    assert isinstance(unknown, Unknown)
    assert unknown.reason
    assert unknown.data == (bad if isinstance(bad, bytes) else json.dumps(bad).encode())
