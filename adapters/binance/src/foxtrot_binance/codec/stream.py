"""The public streams: control frames out, events in.

Source: https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-streams.md
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Union

import msgspec

from foxtrot.errors import UnknownSymbol
from foxtrot.model.events import Bar, Quote, Ticker, Trade
from foxtrot.model.order import Side
from foxtrot.model.times import NS_PER_MS
from foxtrot.protocol.codec import BookRules, Emit, Endpoints, NextSeq, Read, SinkOf, StreamLimits
from foxtrot.protocol.messages import Ack, BookDelta, BookSnapshot, Channel, ChannelKind, Message, Nack, Unknown
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_binance.messages import streams as wire
from foxtrot_binance.servers import INTERVALS

_SUFFIXES = {
    ChannelKind.TICKER: "ticker",
    ChannelKind.QUOTES: "bookTicker",
    ChannelKind.TRADES: "trade",
    ChannelKind.BOOK: "depth@100ms",
}
_PAYLOADS: dict[str, type[msgspec.Struct]] = {
    "trade": wire.StreamTrade,
    "bookTicker": wire.StreamQuote,
    "depth": wire.StreamDepth,
    "partial": wire.StreamPartial,
    "kline": wire.StreamKline,
    "ticker": wire.StreamTicker,
}
_DEPTHS = (5, 10, 20)
_PARTIAL = frozenset(f"depth{levels}" for levels in _DEPTHS)
_FRAME = msgspec.json.Decoder(wire.Frame)
_DECODERS = {kind: msgspec.json.Decoder(payload, strict=False) for kind, payload in _PAYLOADS.items()}
Take = Callable[[Any, int], None]  # takes a payload and `ts_recv`
Make = Callable[[Emit, SinkOf], Take]  # makes a stream's `Take` for one session


class _UnknownStream(Exception):
    """Say that a stream is of no kind that is known."""


class _NoStream(msgspec.Struct, frozen=True, gc=False, tag_field="stream", tag="(none)"):
    """Keep the union below a union: of a single type msgspec would take a frame that names no stream at all."""

    data: msgspec.Raw


class BinanceStreamCodec:
    """Speak the combined stream: every payload is wrapped with its stream's name, which picks the decoder."""

    # Five inbound messages a second are allowed, pongs included: one is left for those.
    # That trade ids count up one by one is observed in recordings (2,058 of 2,058), not documented.
    limits = StreamLimits(messages_per_second=4.0, consecutive_trades=True, book_depths=_DEPTHS, intervals=INTERVALS)

    def __init__(
        self, exchange: str, symbols: SymbolTable, next_seq: NextSeq, intervals: tuple[str, ...] = INTERVALS
    ) -> None:
        self.limits = msgspec.structs.replace(self.limits, intervals=intervals)
        self._exchange = exchange
        self._symbols = symbols
        self._next_seq = next_seq
        self._makers: dict[str, tuple[str, Make]] = {}  # by stream: the kind of payload and what makes it a message
        self._by_frame: dict[type, Make] = {_NoStream: _tell_nameless}
        self._expected: set[str] = set()
        self._decode_known: Callable[[bytes], Any] = msgspec.json.Decoder(_NoStream).decode

    def url(self, endpoints: Endpoints) -> str:
        """Return the combined stream's URL."""
        return f"{endpoints.stream}/stream"

    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """Encode a SUBSCRIBE."""
        self._expect([self.stream_name(channel) for channel in channels])
        return self._control("SUBSCRIBE", channels, request_id)

    def unsubscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        """Encode an UNSUBSCRIBE."""
        return self._control("UNSUBSCRIBE", channels, request_id)

    def book_rules(self, channel: Channel) -> BookRules:
        """Return none: update ids chain the updates."""
        return BookRules()

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        """Emit what a frame says; bad bytes become `Unknown`."""
        self.link(emit, lambda kind, symbol: emit)(iter((data,)), ts_recv)

    def link(self, emit: Emit, sink_of: SinkOf) -> Read:
        """Return what reads frames straight into the sinks of one session."""
        takers: dict[type, Take] = {}

        def read(frames: Iterator[bytes], ts_recv: int) -> None:
            decode = self._decode_known
            for data in frames:
                try:
                    frame = decode(data)
                except (msgspec.MsgspecError, RecursionError):
                    emit(self._read_seldom(data, ts_recv))
                    continue
                try:
                    take = takers[type(frame)]
                except KeyError:
                    take = takers[type(frame)] = self._by_frame[type(frame)](emit, sink_of)
                take(frame.data, ts_recv)

        return read

    def stream_name(self, channel: Channel) -> str:
        """Return the venue's stream name of a channel."""
        suffix = _SUFFIXES.get(channel.kind, "")
        if channel.kind is ChannelKind.OHLCV:
            suffix = f"kline_{channel.param}"
        elif channel.param:
            suffix = f"depth{channel.param}@100ms"
        return f"{self._symbols.venue(channel.symbol).lower()}@{suffix}"

    def _control(self, method: str, channels: Sequence[Channel], request_id: int) -> bytes:
        names = [self.stream_name(channel) for channel in channels]
        return msgspec.json.encode({"method": method, "params": names, "id": request_id})

    def _expect(self, streams: list[str]) -> None:
        """Make one decoder for the frames of all streams asked for: a type for each, told apart by the stream's name.

        So a frame is decoded once, as fast as a payload alone, and its type leads to what reads that stream.
        """
        new = [stream for stream in streams if stream not in self._expected]
        self._expected.update(new)
        for stream in new:
            kind, make = self._maker(stream)
            frame = msgspec.defstruct(
                "KnownFrame", [("data", _PAYLOADS[kind])], frozen=True, gc=False, tag_field="stream", tag=stream
            )
            self._by_frame[frame] = make
        if new:
            frames: Any = Union[tuple(self._by_frame)]  # noqa: UP007 - known only now
            self._decode_known = msgspec.json.Decoder(frames, strict=False).decode

    def _read_seldom(self, data: bytes, ts_recv: int) -> Message:
        """Read an answer, a stream that nobody asked for, or bad bytes."""
        told: list[Message] = []
        try:
            frame = _FRAME.decode(data)
            if not frame.stream:
                return _control_answer(frame, data)
            kind, make = self._maker(frame.stream)
            make(told.append, lambda kind, symbol: told.append)(_DECODERS[kind].decode(frame.data), ts_recv)
        except _UnknownStream as error:
            return Unknown(str(error), bytes(frame.data))
        except (msgspec.MsgspecError, UnknownSymbol, RecursionError) as error:
            return Unknown(str(error), data)
        return told[0]

    def _maker(self, stream: str) -> tuple[str, Make]:
        """Return a stream's kind and maker and remember them: the symbol is looked up once, not per frame."""
        if stream in self._makers:
            return self._makers[stream]
        name, _, suffix = stream.partition("@")
        symbol = self._symbols.unified(name.upper())
        kind = "kline" if suffix.startswith("kline_") else suffix.partition("@")[0]
        kind = "partial" if kind in _PARTIAL else kind
        make = {
            "trade": self._trades,
            "bookTicker": self._quotes,
            "depth": self._depths,
            "partial": self._partials,
            "kline": self._klines,
            "ticker": self._tickers,
        }.get(kind)
        if make is None:
            raise _UnknownStream(f"unknown stream {stream}")
        self._makers[stream] = kind, functools.partial(make, symbol)
        return self._makers[stream]

    def _trades(self, symbol: str, _: Emit, sink_of: SinkOf) -> Take:
        exchange, next_seq, buy, sell = self._exchange, self._next_seq, Side.BUY, Side.SELL
        sink = sink_of(ChannelKind.TRADES, symbol)

        def take(t: wire.StreamTrade, ts_recv: int) -> None:
            side = sell if t.buyer_is_maker else buy
            sink(
                Trade(exchange, symbol, t.time * NS_PER_MS, ts_recv, next_seq(), t.trade_id, t.price, t.quantity, side)
            )

        return take

    def _quotes(self, symbol: str, _: Emit, sink_of: SinkOf) -> Take:
        exchange, next_seq = self._exchange, self._next_seq
        sink = sink_of(ChannelKind.QUOTES, symbol)

        def take(q: wire.StreamQuote, ts_recv: int) -> None:
            bid, ask = q.bid, q.ask
            if bid and ask:  # no unpacking here: it would double what the event costs
                sink(
                    Quote(
                        exchange, symbol, 0, ts_recv, next_seq(), bid, q.bid_quantity, ask, q.ask_quantity, q.update_id
                    )
                )

        return take

    def _depths(self, symbol: str, _: Emit, sink_of: SinkOf) -> Take:
        sink = sink_of(ChannelKind.BOOK, symbol)

        def take(d: wire.StreamDepth, ts_recv: int) -> None:
            first_id = d.first_id
            sink(BookDelta(symbol, d.time * NS_PER_MS, ts_recv, first_id, d.last_id, first_id - 1, d.bids, d.asks))

        return take

    def _partials(self, symbol: str, emit: Emit, _: SinkOf) -> Take:
        def take(p: wire.StreamPartial, ts_recv: int) -> None:
            emit(BookSnapshot(symbol, ts_recv, p.last_id, p.bids, p.asks))

        return take

    def _klines(self, symbol: str, _: Emit, sink_of: SinkOf) -> Take:
        sink = sink_of(ChannelKind.OHLCV, symbol)

        def take(event: wire.StreamKline, ts_recv: int) -> None:
            k = event.kline
            sink(
                Bar(
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
            )

        return take

    def _tickers(self, symbol: str, _: Emit, sink_of: SinkOf) -> Take:
        sink = sink_of(ChannelKind.TICKER, symbol)

        def take(t: wire.StreamTicker, ts_recv: int) -> None:
            sink(
                Ticker(
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
            )

        return take


def _tell_nameless(emit: Emit, _: SinkOf) -> Take:
    return lambda raw, _: emit(Unknown("no stream", bytes(raw)))


def _control_answer(frame: wire.Frame, data: bytes) -> Ack | Nack | Unknown:
    if frame.error is not None:
        return Nack(frame.id, str(frame.error.code), frame.error.text)
    if frame.code is not None:
        return Nack(frame.id, str(frame.code), frame.text)
    if frame.id is not None:
        return Ack(frame.id)
    return Unknown("neither a stream's payload nor an answer", data)
