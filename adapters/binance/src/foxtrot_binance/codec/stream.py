"""The public streams: control frames out, events in.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-streams.md
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from foxtrot.errors import UnknownSymbol
from foxtrot.model.events import Bar, Quote, Ticker, Trade
from foxtrot.model.order import Side
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.codec import Emit, Endpoints, NextSeq, StreamLimits
from foxtrot.protocol.messages import Ack, BookDelta, Channel, ChannelKind, Nack, Unknown
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance import messages as wire

_SUFFIXES = {
    ChannelKind.TICKER: "ticker",
    ChannelKind.QUOTES: "bookTicker",
    ChannelKind.TRADES: "trade",
    ChannelKind.BOOK: "depth@100ms",
}
_FRAME = msgspec.json.Decoder(wire.Frame)
_TRADE = msgspec.json.Decoder(wire.StreamTrade, strict=False)
_QUOTE = msgspec.json.Decoder(wire.StreamQuote, strict=False)
_DEPTH = msgspec.json.Decoder(wire.StreamDepth, strict=False)
_KLINE = msgspec.json.Decoder(wire.StreamKline, strict=False)
_TICKER = msgspec.json.Decoder(wire.StreamTicker, strict=False)
Read = Callable[[Any, int], Any]


class BinanceStreamCodec:
    """Speak the combined stream: every payload is wrapped with its stream's name, which picks the decoder."""

    # Five inbound messages a second are allowed, pongs included: one is left for those.
    # That trade ids count up one by one is observed in recordings (2,058 of 2,058), not documented.
    limits = StreamLimits(messages_per_second=4.0, consecutive_trades=True)

    def __init__(self, exchange: str, symbols: SymbolTable, next_seq: NextSeq) -> None:
        self._exchange = exchange
        self._symbols = symbols
        self._next_seq = next_seq
        self._readers: dict[str, Read] = {}

    def url(self, endpoints: Endpoints) -> str:
        """Return the combined stream's URL."""
        return f"{endpoints.stream}/stream"

    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """Encode a SUBSCRIBE."""
        return self._control("SUBSCRIBE", channels, request_id)

    def unsubscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """Encode an UNSUBSCRIBE."""
        return self._control("UNSUBSCRIBE", channels, request_id)

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says; bad bytes become `Unknown`."""
        try:
            frame = _FRAME.decode(data)
            if frame.stream:
                reader = self._readers.get(frame.stream) or self._reader(frame.stream)
                emit(reader(frame.data, ts_recv))
            else:
                emit(_control_answer(frame, data))
        except (msgspec.MsgspecError, UnknownSymbol, RecursionError) as error:
            emit(Unknown(str(error), data))

    def stream_name(self, channel: Channel) -> str:
        """Return the venue's stream name of a channel."""
        suffix = f"kline_{channel.param}" if channel.kind is ChannelKind.OHLCV else _SUFFIXES[channel.kind]
        return f"{self._symbols.venue(channel.symbol).lower()}@{suffix}"

    def _control(self, method: str, channels: Sequence[Channel], request_id: int) -> bytes:
        names = [self.stream_name(channel) for channel in channels]
        return msgspec.json.encode({"method": method, "params": names, "id": request_id})

    def _reader(self, stream: str) -> Read:
        """Return the reader of a stream and remember it: the symbol is looked up once, not per frame."""
        name, _, suffix = stream.partition("@")
        symbol = self._symbols.unified(name.upper())
        kind = "kline" if suffix.startswith("kline_") else suffix.partition("@")[0]
        make = {
            "trade": self._trades,
            "bookTicker": self._quotes,
            "depth": self._depths,
            "kline": self._klines,
            "ticker": self._tickers,
        }.get(kind)
        if make is None:
            return lambda raw, _: Unknown(f"unknown stream {stream}", bytes(raw))
        reader = self._readers[stream] = make(symbol)
        return reader

    def _trades(self, symbol: str) -> Read:
        exchange, next_seq, buy, sell = self._exchange, self._next_seq, Side.BUY, Side.SELL

        def read(raw: Any, ts_recv: int) -> Trade:
            t = _TRADE.decode(raw)
            side = sell if t.buyer_is_maker else buy
            return Trade(
                exchange, symbol, t.time * NS_PER_MS, ts_recv, next_seq(), t.trade_id, t.price, t.quantity, side
            )

        return read

    def _quotes(self, symbol: str) -> Read:
        exchange, next_seq = self._exchange, self._next_seq

        def read(raw: Any, ts_recv: int) -> Quote:
            q = _QUOTE.decode(raw)
            return Quote(
                exchange, symbol, 0, ts_recv, next_seq(), q.bid, q.bid_quantity, q.ask, q.ask_quantity, q.update_id
            )

        return read

    def _depths(self, symbol: str) -> Read:
        def read(raw: Any, ts_recv: int) -> BookDelta:
            d = _DEPTH.decode(raw)
            return BookDelta(symbol, d.time * NS_PER_MS, ts_recv, d.first_id, d.last_id, d.first_id - 1, d.bids, d.asks)

        return read

    def _klines(self, symbol: str) -> Read:
        def read(raw: Any, ts_recv: int) -> Bar:
            event = _KLINE.decode(raw)
            k = event.kline
            return Bar(
                self._exchange,
                symbol,
                event.time * NS_PER_MS,
                ts_recv,
                self._next_seq(),
                k.interval,
                k.open_time * NS_PER_MS,
                k.open,
                k.high,
                k.low,
                k.close,
                k.volume,
                k.quote_volume,
                k.trades,
                k.closed,
            )

        return read

    def _tickers(self, symbol: str) -> Read:
        def read(raw: Any, ts_recv: int) -> Ticker:
            t = _TICKER.decode(raw)
            return Ticker(
                self._exchange,
                symbol,
                t.time * NS_PER_MS,
                ts_recv,
                self._next_seq(),
                t.last,
                t.last_quantity,
                t.bid,
                t.bid_quantity,
                t.ask,
                t.ask_quantity,
                t.open,
                t.high,
                t.low,
                t.volume,
                t.quote_volume,
                t.change_percent,
                t.trades,
            )

        return read


def _control_answer(frame: wire.Frame, data: bytes) -> Ack | Nack | Unknown:
    if frame.error is not None:
        return Nack(frame.id, str(frame.error.code), frame.error.text)
    if frame.code is not None:
        return Nack(frame.id, str(frame.code), frame.text)
    if frame.id is not None:
        return Ack(frame.id)
    return Unknown("neither a stream's payload nor an answer", data)
