"""Frames of a stream codec go to what reads their type; what cannot be read is kept and ends nothing."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.events import Quote
from foxtrot.protocol.codec import BookRules, Emit, Endpoints
from foxtrot.protocol.messages import Channel, ChannelKind, Message, Pong, Unknown
from foxtrot.protocol.stream_base import StreamBase
from foxtrot.protocol.symbols import SymbolTable


class Price(msgspec.Struct, tag="price", tag_field="kind"):
    symbol: str
    bid: float


class Beat(msgspec.Struct, tag="beat", tag_field="kind"):
    pass


class Codec(StreamBase):
    """Read prices at once, and "pong" seldom."""

    def __init__(self, symbols: SymbolTable) -> None:
        super().__init__("toy", symbols, itertools.count(1).__next__)
        self.decode_frame = msgspec.json.Decoder(Price | Beat).decode
        self.readers = {Price: self.price}

    def price(self, frame: Price, ts_recv: int, emit: Emit) -> None:
        symbol = self.symbols.unified(frame.symbol)
        emit(Quote(*self.stamp(symbol, 5, ts_recv), frame.bid, 1.0, 2.0, 1.0))

    def read_seldom(self, data: bytes) -> Message:
        if msgspec.json.decode(data, type=dict[str, str])["kind"] == "pong":
            return Pong()
        return Unknown("not known", data)


@pytest.fixture
def codec() -> Codec:
    table = SymbolTable("toy")
    table.load([Contract(exchange="toy", symbol="A/B", venue_symbol="AB", base="A", quote="B")])
    return Codec(table)


def told(codec: Codec, *frames: bytes) -> list[Message]:
    found: list[Message] = []
    for frame in frames:
        codec.decode(frame, 9, found.append)
    return found


def test_each_type_of_frame_has_its_reader_and_all_else_is_read_seldom(codec: Codec) -> None:
    frames = b'{"kind":"price","symbol":"AB","bid":1.5}', b'{"kind":"pong"}', b'{"kind":"price","symbol":"AB","bid":2}'
    assert told(codec, *frames) == [
        Quote("toy", "A/B", 5, 9, 1, 1.5, 1.0, 2.0, 1.0),
        Pong(),
        Quote("toy", "A/B", 5, 9, 2, 2.0, 1.0, 2.0, 1.0),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"[]", b"{", b"[" * 100_000, b'{"kind":5}', b'{"kind":"price"}', b'{"surprise":"x"}',
        b'{"kind":"price","symbol":"NOPE","bid":1}', b'{"kind":"beat"}',
    ],
    ids=lambda data: data[:40].decode(),
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_kept_with_its_reason(codec: Codec, bad: bytes) -> None:
    (unknown,) = told(codec, bad)
    assert isinstance(unknown, Unknown)
    assert (unknown.data, bool(unknown.reason)) == (bad, True)


def test_what_a_codec_does_not_say_is_as_at_most_venues(codec: Codec) -> None:
    assert codec.url(Endpoints(rest="r", stream="s", ws_api="w")) == "s"
    assert codec.book_rules(Channel(ChannelKind.BOOK, "A/B")) == BookRules()
