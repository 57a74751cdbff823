"""The public streams of WebSocket v2: control frames out, events in.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and the pages beside it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from foxtrot import adapting as fx
from foxtrot_kraken.checksums import to_levels
from foxtrot_kraken.mapping import INTERVALS, SIDES, Names
from foxtrot_kraken.messages import streams as wire

# What was asked for is so already: the answer to the first request was lost.
_SO_ALREADY = frozenset({"Already subscribed", "Subscription Not Found"})
_MOST_DECIMALS = 10  # of a price: the difference of two floats has digits that neither had
_DEPTHS = (10, 25, 100, 500, 1_000)
_CHANNELS = {
    fx.ChannelKind.QUOTES: "ticker",
    fx.ChannelKind.TRADES: "trade",
    fx.ChannelKind.BOOK: "book",
    fx.ChannelKind.OHLCV: "ohlc",
    fx.ChannelKind.LISTING: "instrument",
}
_INTERVAL_NAMES = {minutes: name for name, minutes in INTERVALS.items()}
_FRAME = msgspec.json.Decoder(
    wire.TickerFrame | wire.TradeFrame | wire.CandleFrame | wire.BookFrame | wire.InstrumentFrame | wire.Idle
)
_OTHER = msgspec.json.Decoder(wire.Frame)


class KrakenStreamCodec(fx.StreamBase):
    """Speak the public channels. A ticker that follows the best prices brings quotes and statistics in one."""

    # How many subscriptions a connection bears is not stated; heartbeats come about once a second. That trade ids count
    # up one by one is observed in recordings, not documented.
    limits = fx.StreamLimits(
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
        carriers={fx.ChannelKind.TICKER: fx.ChannelKind.QUOTES},
        announces_listing=True,
    )

    def __init__(
        self, exchange: str, symbols: fx.SymbolTable, names: Names, next_seq: fx.NextSeq, *, book_depth: int
    ) -> None:
        super().__init__(exchange, symbols, next_seq)
        self._names = names
        self._book_depth = book_depth
        self._candles = fx.RunningCandles(next_seq)
        self.decode_frame = _FRAME.decode
        self.readers = {
            wire.Idle: lambda frame, ts_recv, emit: emit(fx.Pong()),
            wire.TickerFrame: self._tickers,
            wire.TradeFrame: self._trades,
            wire.BookFrame: self._books,
            wire.CandleFrame: self._bars,
            wire.InstrumentFrame: lambda frame, ts_recv, emit: emit(fx.ListingChanged()),
        }

    def subscribe(self, channels: Sequence[fx.Channel], request_id: int) -> bytes:
        """Encode a subscription of one kind of channel. Raises UnsupportedError for an unknown interval."""
        snapshot = channels[0].kind not in (fx.ChannelKind.TRADES, fx.ChannelKind.LISTING)
        return self._control("subscribe", channels, request_id, {"snapshot": snapshot})

    def unsubscribe(self, channels: Sequence[fx.Channel], request_id: int) -> bytes:
        """Encode the end of a subscription."""
        for channel in channels:
            self._candles.forget(channel.symbol, channel.param)
        return self._control("unsubscribe", channels, request_id, {})

    def book_rules(self, channel: fx.Channel) -> fx.BookRules:
        """Return the depth subscribed and the venue's checksum."""
        return fx.BookRules(int(channel.param or self._book_depth), self._names.checksum(channel.symbol))

    def _control(self, method: str, channels: Sequence[fx.Channel], request_id: int, more: dict[str, Any]) -> bytes:
        kind, param = channels[0].kind, channels[0].param
        params: dict[str, Any] = {"channel": _CHANNELS[kind], **more}
        if kind is not fx.ChannelKind.LISTING:
            params["symbol"] = [self.symbols.contract(channel.symbol).symbol for channel in channels]
        if kind is fx.ChannelKind.BOOK:
            params["depth"] = int(param or self._book_depth)
        elif kind is fx.ChannelKind.OHLCV:
            fx.require_listed(param, INTERVALS, self.exchange)
            params["interval"] = INTERVALS[param]
        elif kind is fx.ChannelKind.QUOTES:
            params["event_trigger"] = "bbo"
        return msgspec.json.encode({"method": method, "params": params, "req_id": request_id})

    def _tickers(self, frame: wire.TickerFrame, ts_recv: int, emit: fx.Emit) -> None:
        for t in frame.data:
            symbol, at = self.symbols.contract(t.symbol).symbol, fx.moment_ns(t.timestamp)
            best, size = (t.bid, t.bid_qty, t.ask, t.ask_qty), 0.0  # of the last trade: not told
            if t.bid and t.ask:
                emit(fx.Quote(*self.stamp(symbol, at, ts_recv), *best))
            day = round(t.last - t.change, _MOST_DECIMALS), t.high, t.low, t.volume, t.volume * t.vwap, t.change_pct
            emit(fx.Ticker(*self.stamp(symbol, at, ts_recv), t.last, size, *best, *day))

    def _trades(self, frame: wire.TradeFrame, ts_recv: int, emit: fx.Emit) -> None:
        for t in frame.data:
            symbol, at = self.symbols.contract(t.symbol).symbol, fx.moment_ns(t.timestamp)
            emit(fx.Trade(*self.stamp(symbol, at, ts_recv), t.trade_id, t.price, t.qty, SIDES[t.side]))

    def _books(self, frame: wire.BookFrame, ts_recv: int, emit: fx.Emit) -> None:
        for b in frame.data:
            symbol, at = self.symbols.contract(b.symbol).symbol, fx.moment_ns(b.timestamp)
            number, bids, asks = at // 1_000, to_levels(b.bids), to_levels(b.asks)
            if checksum := self._names.checksum(symbol):
                checksum.keep([*b.bids, *b.asks])
            if frame.type == "snapshot":
                emit(fx.BookSnapshot(symbol, ts_recv, number, bids, asks, b.checksum))
            else:
                emit(fx.BookDelta(symbol, at, ts_recv, number, number, fx.UNNUMBERED, bids, asks, b.checksum))

    def _bars(self, frame: wire.CandleFrame, ts_recv: int, emit: fx.Emit) -> None:
        at, bars = fx.moment_ns(frame.timestamp), list[fx.Bar]()
        for c in frame.data:
            symbol, opened = self.symbols.contract(c.symbol).symbol, fx.moment_ns(c.interval_begin)
            interval, prices = _INTERVAL_NAMES.get(c.interval, f"{c.interval}m"), (c.open, c.high, c.low, c.close)
            traded = c.volume, c.volume * c.vwap, c.trades
            bars.append(fx.Bar(self.exchange, symbol, at, ts_recv, 0, interval, opened, *prices, *traded, False))
        self._candles.take(bars, emit, past=frame.type == "snapshot")

    def read_seldom(self, data: bytes) -> fx.Message:
        """Read an answer or a status."""
        frame = _OTHER.decode(data)
        if frame.channel == "status":
            return _status(bytes(frame.data))
        if frame.method == "pong":
            return fx.Pong()
        if frame.success and frame.req_id is not None:
            return fx.Ack(frame.req_id, "", msgspec.json.decode(frame.result, type=wire.Frame).symbol or "")
        if frame.refusal in _SO_ALREADY and frame.req_id is not None:
            return fx.Ack(frame.req_id, symbol=frame.symbol or "")
        if frame.refusal:
            return fx.Nack(frame.req_id, frame.refusal, frame.refusal, frame.symbol or "")
        return fx.Unknown("an answer to nothing" if frame.method else f"unknown channel {frame.channel!r}", data)


def _status(entries: bytes) -> fx.Message:
    """Return the end of the stream for a venue in maintenance; all other states let it go on."""
    systems = [entry.get("system") for entry in msgspec.json.decode(entries, type=list[dict[str, Any]])]
    return fx.StreamEnded("maintenance") if "maintenance" in systems else fx.Pong()
