"""The public streams of WebSocket v2: control frames out, events in.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from foxtrot.errors import UnknownSymbol, UnsupportedError
from foxtrot.model.events import Bar, Quote, Ticker, Trade
from foxtrot.model.orderbook import Level
from foxtrot.protocol.codec import BookRules, Emit, Endpoints, NextSeq, StreamLimits
from foxtrot.protocol.messages import (
    UNNUMBERED,
    Ack,
    BookDelta,
    BookSnapshot,
    Channel,
    ChannelKind,
    Message,
    Nack,
    Pong,
    StreamEnded,
    Unknown,
)
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.mapping import INTERVAL_NAMES, INTERVALS, SIDES, Names, to_ns
from foxtrot_kraken.messages import streams as wire

# What was asked for is so already: the answer to the first request was lost.
_SO_ALREADY = frozenset({"Already subscribed", "Subscription Not Found"})
_MOST_DECIMALS = 10  # of a price: the difference of two floats has digits that neither had
_DEPTHS = (10, 25, 100, 500, 1_000)
_CHANNELS = {
    ChannelKind.QUOTES: "ticker",
    ChannelKind.TRADES: "trade",
    ChannelKind.BOOK: "book",
    ChannelKind.OHLCV: "ohlc",
}
_FRAME = msgspec.json.Decoder(wire.TickerFrame | wire.TradeFrame | wire.CandleFrame | wire.BookFrame | wire.Idle)
_CONTROL = msgspec.json.Decoder(wire.Control)
_OTHER = msgspec.json.Decoder(wire.UserFrame)


class KrakenStreamCodec:
    """Speak the public channels. A ticker that follows the best prices brings quotes and statistics in one."""

    # How many subscriptions a connection bears is not stated; heartbeats come about once a second. That trade ids count
    # up one by one is observed in recordings, not documented.
    limits = StreamLimits(
        streams_per_connection=200,
        messages_per_second=10.0,
        streams_per_request=50,
        connections_per_5_minutes=70,
        silence_s=15.0,
        consecutive_trades=True,
        book_depths=_DEPTHS,
        intervals=tuple(INTERVALS),
        streamed_snapshots=True,
        uniform_requests=True,
        carriers={ChannelKind.TICKER: ChannelKind.QUOTES},
    )

    def __init__(
        self, exchange: str, symbols: SymbolTable, names: Names, next_seq: NextSeq, *, book_depth: int
    ) -> None:
        self._exchange = exchange
        self._symbols = symbols
        self._names = names
        self._next_seq = next_seq
        self._book_depth = book_depth
        self._candles: dict[tuple[str, int], Bar] = {}  # the running one of each symbol and interval
        self._readers: dict[type, Callable[[Any, int, Emit], None]] = {
            wire.Idle: lambda frame, ts_recv, emit: emit(Pong()),
            wire.TickerFrame: self._tickers,
            wire.TradeFrame: self._trades,
            wire.BookFrame: self._books,
            wire.CandleFrame: self._bars,
        }

    def url(self, endpoints: Endpoints) -> str:
        """Return the public WebSocket's URL."""
        return endpoints.stream

    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """Encode a subscription of one kind of channel. Raises UnsupportedError for an unknown interval."""
        return self._control("subscribe", channels, request_id)

    def unsubscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """Encode the end of a subscription."""
        for channel in channels:
            if channel.kind is ChannelKind.OHLCV:
                self._candles.pop((channel.symbol, INTERVALS.get(channel.param, 0)), None)
        return self._control("unsubscribe", channels, request_id)

    def book_rules(self, channel: Channel) -> BookRules:
        """Return the depth subscribed and the venue's checksum."""
        return BookRules(self._depth(channel), self._names.checksum(channel.symbol))

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says; bad bytes become `Unknown`."""
        try:
            frame = _FRAME.decode(data)
        except (msgspec.MsgspecError, RecursionError):
            emit(_read_seldom(data))
            return
        try:
            self._readers[frame.__class__](frame, ts_recv, emit)
        except (UnknownSymbol, KeyError) as error:
            emit(Unknown(str(error), data))

    def _depth(self, channel: Channel) -> int:
        return int(channel.param) if channel.param else self._book_depth

    def _control(self, method: str, channels: Sequence[Channel], request_id: int) -> bytes:
        first = channels[0]
        for channel in channels:
            self._symbols.contract(channel.symbol)
        params: dict[str, Any] = {
            "channel": _CHANNELS[first.kind],
            "symbol": [channel.symbol for channel in channels],
        }
        if first.kind is ChannelKind.BOOK:
            params["depth"] = self._depth(first)
        elif first.kind is ChannelKind.OHLCV:
            if first.param not in INTERVALS:
                raise UnsupportedError(
                    f"{self._exchange} streams no candles of {first.param}; it has {', '.join(INTERVALS)}.",
                    exchange=self._exchange,
                )
            params["interval"] = INTERVALS[first.param]
        elif first.kind is ChannelKind.QUOTES:
            params["event_trigger"] = "bbo"
        if method == "subscribe":
            params["snapshot"] = first.kind is not ChannelKind.TRADES
        return msgspec.json.encode({"method": method, "params": params, "req_id": request_id})

    def _symbol(self, name: str) -> str:
        return self._symbols.contract(name).symbol

    def _tickers(self, frame: wire.TickerFrame, ts_recv: int, emit: Emit) -> None:
        for t in frame.data:
            symbol, at = self._symbol(t.symbol), to_ns(t.timestamp)
            emit(Quote(self._exchange, symbol, at, ts_recv, self._next_seq(), t.bid, t.bid_qty, t.ask, t.ask_qty))
            day = round(t.last - t.change, _MOST_DECIMALS), t.high, t.low, t.volume, t.volume * t.vwap, t.change_pct
            best, size = (t.bid, t.bid_qty, t.ask, t.ask_qty), 0.0  # of the last trade: not told
            emit(Ticker(self._exchange, symbol, at, ts_recv, self._next_seq(), t.last, size, *best, *day))

    def _trades(self, frame: wire.TradeFrame, ts_recv: int, emit: Emit) -> None:
        for t in frame.data:
            side, at, symbol = SIDES[t.side], to_ns(t.timestamp), self._symbol(t.symbol)
            emit(Trade(self._exchange, symbol, at, ts_recv, self._next_seq(), t.trade_id, t.price, t.qty, side))

    def _books(self, frame: wire.BookFrame, ts_recv: int, emit: Emit) -> None:
        for b in frame.data:
            symbol, at = self._symbol(b.symbol), to_ns(b.timestamp)
            bids, asks = _levels(b.bids), _levels(b.asks)
            if frame.type == "snapshot":
                emit(BookSnapshot(symbol, ts_recv, at // 1_000, bids, asks, b.checksum))
            else:
                number = at // 1_000
                emit(BookDelta(symbol, at, ts_recv, number, number, UNNUMBERED, bids, asks, b.checksum))

    def _bars(self, frame: wire.CandleFrame, ts_recv: int, emit: Emit) -> None:
        """Emit candles; one is closed when a later one has begun, for frames do not say so.

        Of the past that a subscription begins with only what was missed since the last candle is told. A candle that
        the past does not reach back to any more is forgotten: how it ended is not known.
        """
        oldest, newest = dict[tuple[str, int], wire.CandleInfo](), dict[tuple[str, int], wire.CandleInfo]()
        for c in frame.data:
            oldest.setdefault((c.symbol, c.interval), c)
            newest[c.symbol, c.interval] = c
        if frame.type == "snapshot":
            for key, first in oldest.items():
                known = self._candles.get(key)
                if known is not None and known.open_time < to_ns(first.interval_begin):
                    del self._candles[key]
        for c in frame.data:
            if (c.symbol, c.interval) in self._candles or newest[c.symbol, c.interval] is c:
                self._candle(c, to_ns(frame.timestamp), ts_recv, emit)

    def _candle(self, c: wire.CandleInfo, at: int, ts_recv: int, emit: Emit) -> None:
        symbol, opened, seq = self._symbol(c.symbol), to_ns(c.interval_begin), self._next_seq
        before = self._candles.get((symbol, c.interval))
        if before is not None and before.open_time > opened:
            return
        if before is not None and before.open_time < opened:
            emit(msgspec.structs.replace(before, seq=seq(), ts_recv=ts_recv, closed=True))
        interval, prices = INTERVAL_NAMES.get(c.interval, f"{c.interval}m"), (c.open, c.high, c.low, c.close)
        traded = c.volume, c.volume * c.vwap, c.trades
        bar = Bar(self._exchange, symbol, at, ts_recv, seq(), interval, opened, *prices, *traded, False)
        self._candles[symbol, c.interval] = bar
        emit(bar)


def _levels(levels: list[wire.LevelInfo]) -> list[Level]:
    return [(level.price, level.qty) for level in levels]


def _read_seldom(data: bytes) -> Message:
    """Read an answer, a status, or what cannot be read."""
    try:
        other = _OTHER.decode(data)
        if other.channel == "status":
            return _status(bytes(other.data), data)
        control = _CONTROL.decode(data)
        if control.method == "pong":
            return Pong()
        if control.success and control.req_id is not None:
            return Ack(control.req_id, "", msgspec.json.decode(control.result, type=wire.Control).symbol or "")
    except (msgspec.MsgspecError, RecursionError) as error:
        return Unknown(str(error), data)
    if control.refusal in _SO_ALREADY and control.req_id is not None:
        return Ack(control.req_id, symbol=control.symbol or "")
    if control.refusal:
        return Nack(control.req_id, control.refusal, control.refusal, control.symbol or "")
    return Unknown("an answer to nothing" if other.method else f"unknown channel {other.channel!r}", data)


def _status(entries: bytes, data: bytes) -> Message:
    """Return the end of the stream for a venue in maintenance; all other states let it go on."""
    systems = [entry.get("system") for entry in msgspec.json.decode(entries, type=list[dict[str, Any]])]
    return StreamEnded("maintenance") if "maintenance" in systems else Pong()
