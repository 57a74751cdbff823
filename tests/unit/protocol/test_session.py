"""A stream session: what is wanted is asked for, confirmed or refused; bad frames kill nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from foxtrot.errors import RequestTimeout, VenueError
from foxtrot.model.events import Bar, BookInvalidated, Event, ProtocolErrorSeen, Trade
from foxtrot.model.order import Side
from foxtrot.protocol.codec import Emit, Read, SinkOf, StreamLimits
from foxtrot.protocol.messages import BookDelta, BookSnapshot, Channel, ChannelKind, Message, Nack, StreamEnded
from foxtrot.protocol.session import Session
from foxtrot.protocol.subscriptions import SubscriptionState
from foxtrot.testkit.toy import ToyStreamCodec

A, B, C = (Channel(ChannelKind.TRADES, f"{n}/USD") for n in "ABC")


class Codec(ToyStreamCodec):
    limits = StreamLimits(messages_per_second=2, streams_per_request=2, ack_timeout_s=5)

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        message = data.split(b" ")
        if message[0] == b"nack":
            emit(Nack(int(message[1]), "9", "no such stream"))
        elif message[0] == b"delta":
            number = int(message[1])
            emit(BookDelta("A/USD", 1, ts_recv, number, number, number - 1, [(1.5, float(number))], []))
        elif message[0] == b"trade":
            emit(Trade("toy", "A/USD", 1, ts_recv, 1, 1, 1.0, 1.0, Side.BUY))
        elif message[0] == b"bar":
            emit(Bar("toy", "A/USD", 0, ts_recv, 1, message[1].decode(), 0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1, False))
        elif message[0] == b"end":
            emit(StreamEnded("maintenance"))
        else:
            super().decode(data, ts_recv, emit)


class Linked(Codec):
    """The same, read straight into the sinks of a session."""

    def link(self, emit: Emit, sink_of: SinkOf) -> Read:
        def sort(message: Message) -> None:
            kinds = {Trade: ChannelKind.TRADES, BookDelta: ChannelKind.BOOK, Bar: ChannelKind.OHLCV}
            kind = kinds.get(type(message))  # type: ignore[call-overload]
            (sink_of(kind, "A/USD") if kind else emit)(message)

        def read(frames: Iterator[bytes], ts_recv: int) -> None:
            for data in frames:
                self.decode(data, ts_recv, sort)

        return read


class Stillborn(Codec):
    """One that fails before it takes a frame."""

    def link(self, emit: Emit, sink_of: SinkOf) -> Read:
        def read(frames: Iterator[bytes], ts_recv: int) -> None:
            raise RuntimeError("no way to begin")

        return read


class Bench:
    def __init__(self, codec: Codec) -> None:
        self.events: list[Event] = []
        self.settled: list[tuple[Channel, Any]] = []
        self.session = Session("toy", codec, self.events.append, itertools.count(1).__next__, self.tell)

    def tell(self, channel: Channel, error: Any) -> None:
        self.settled.append((channel, error))

    def frames(self, now: float) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.session.frames_due(now)]


@pytest.fixture(params=[Codec, Linked])
def bench(request: pytest.FixtureRequest) -> Bench:
    made = Bench(request.param())
    made.session.connected(0.0)
    return made


def test_channels_are_asked_for_in_batches_within_the_message_rate(bench: Bench) -> None:
    bench.session.subscribe([A, B, C])
    first = bench.frames(0.0)
    assert [len(f["subscribe"]) for f in first] == [2]
    assert bench.session.next_deadline() == 0.5
    assert bench.frames(0.4) == []
    assert [len(f["subscribe"]) for f in bench.frames(0.5)] == [1]


def test_a_channel_is_confirmed_by_the_answer_to_its_request_only(bench: Bench) -> None:
    bench.session.subscribe([A])
    (request,) = bench.frames(0.0)
    bench.session.receive(b'{"ack": 77}', 1, 0.1)
    assert bench.session.state(A) is SubscriptionState.PENDING
    bench.session.receive(json.dumps({"ack": request["id"]}).encode(), 1, 0.1)
    assert bench.session.state(A) is SubscriptionState.CONFIRMED
    assert bench.settled == [(A, None)]


def test_a_refusal_is_told_with_the_venues_reason(bench: Bench) -> None:
    bench.session.subscribe([A])
    (request,) = bench.frames(0.0)
    bench.session.receive(f"nack {request['id']}".encode(), 1, 0.1)
    ((channel, error),) = bench.settled
    assert channel == A
    assert isinstance(error, VenueError)
    assert "no such stream" in str(error)


def test_no_answer_in_time_is_an_error_not_a_hang(bench: Bench) -> None:
    bench.session.subscribe([A])
    bench.frames(0.0)
    bench.session.expire(4.9)
    assert bench.settled == []
    bench.session.expire(5.0)
    assert isinstance(bench.settled[0][1], RequestTimeout)


def test_after_a_reconnect_everything_is_asked_for_again(bench: Bench) -> None:
    bench.session.subscribe([A, B])
    bench.frames(0.0)
    bench.session.disconnected("cut")
    assert bench.frames(1.0) == []
    bench.session.connected(2.0)
    assert [len(f["subscribe"]) for f in bench.frames(2.0)] == [2]


def test_only_what_was_asked_for_is_unsubscribed(bench: Bench) -> None:
    bench.session.subscribe([A])
    bench.frames(0.0)
    bench.session.subscribe([B])
    bench.session.unsubscribe([A, B])
    assert [f.get("unsubscribe") for f in bench.frames(9.0)] == [[{"kind": "trades", "symbol": "A/USD", "param": ""}]]


def test_a_bad_frame_is_counted_reported_and_survived(bench: Bench) -> None:
    bench.session.receive(b"\xff garbage", 5, 0.1)
    bench.session.receive(json.dumps({"ack": 1}).encode(), 6, 0.2)
    (seen,) = bench.events
    assert isinstance(seen, ProtocolErrorSeen)
    assert (seen.excerpt, bench.session.bad_frames) == (b"\xff garbage", 1)


def test_a_codec_that_fails_is_reported_like_a_bad_frame(bench: Bench) -> None:
    bench.session.receive(b"nack not-a-number", 5, 0.1)
    (seen,) = bench.events
    assert isinstance(seen, ProtocolErrorSeen)
    assert "ValueError" in seen.reason
    assert (seen.excerpt, seen.ts_recv) == (b"nack not-a-number", 5)


def test_a_late_answer_is_reported_not_only_told_to_who_waits(bench: Bench) -> None:
    bench.session.subscribe([A])
    bench.frames(0.0)
    bench.session.expire(5.0)
    (seen,) = bench.events
    assert isinstance(seen, ProtocolErrorSeen)
    assert "not answered in time" in seen.reason
    assert bench.session.bad_frames == 0


def test_the_driver_is_told_when_a_book_needs_a_snapshot_and_not_for_every_frame(bench: Bench) -> None:
    book = Channel(ChannelKind.BOOK, "A/USD")
    bench.session.subscribe([book])
    bench.session.receive(b"delta 5", 1, 0.1)
    assert bench.session.attention
    assert bench.session.snapshots_wanted() == ["A/USD"]
    assert not bench.session.attention
    bench.session.snapshot(BookSnapshot("A/USD", 1, 4, [(1.0, 1.0)], [(2.0, 1.0)]))
    bench.session.receive(b"delta 6", 1, 0.2)
    assert not bench.session.attention
    bench.session.receive(b"delta 8", 1, 0.3)
    assert bench.session.attention


def test_a_disconnect_invalidates_the_books_and_what_was_buffered(bench: Bench) -> None:
    book = Channel(ChannelKind.BOOK, "A/USD")
    bench.session.subscribe([book])
    bench.session.receive(b"delta 5", 1, 0.1)
    bench.session.snapshot(BookSnapshot("A/USD", 1, 4, [(1.0, 1.0)], [(2.0, 1.0)]))
    bench.session.disconnected("cut")
    assert isinstance(bench.events[-1], BookInvalidated)
    assert bench.events[-1].reason == "cut"
    bench.session.snapshot(BookSnapshot("A/USD", 1, 9, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert not bench.session.books["A/USD"].synced


def test_each_stream_tells_when_it_last_brought_anything(bench: Bench) -> None:
    book = Channel(ChannelKind.BOOK, "A/USD")
    bench.session.subscribe([book, A])
    bench.session.receive(b"delta 5", 77, 0.1)
    assert (bench.session.last_seen(book), bench.session.last_seen(A)) == (77, 0)
    bench.session.receive(b"trade", 78, 0.1)
    assert (bench.session.last_seen(book), bench.session.last_seen(A)) == (77, 78)


def test_candles_of_each_interval_are_seen_apart_and_a_dead_stream_cannot_hide(bench: Bench) -> None:
    short, long = (Channel(ChannelKind.OHLCV, "A/USD", interval) for interval in ("1m", "5m"))
    bench.session.subscribe([short, long])
    bench.session.receive(b"bar 1m", 77, 0.1)
    assert (bench.session.last_seen(short), bench.session.last_seen(long)) == (77, 0)
    bench.session.receive(b"bar 5m", 78, 0.1)
    assert (bench.session.last_seen(short), bench.session.last_seen(long)) == (77, 78)


def test_a_book_that_stood_in_without_a_connection_ends_where_the_stream_begins(bench: Bench) -> None:
    bench.session.disconnected("cut")
    bench.session.subscribe([Channel(ChannelKind.BOOK, "A/USD")])
    bench.session.snapshot(BookSnapshot("A/USD", 1, 9, [(1.0, 1.0)], [(2.0, 1.0)]))
    assert bench.events == []  # an old one, asked for when there was a connection
    bench.session.stand_in(BookSnapshot("A/USD", 1, 9, [(1.0, 1.0)], [(2.0, 1.0)]))
    bench.session.connected(5.0)
    assert [type(event).__name__ for event in bench.events] == ["BookUpdated", "BookInvalidated"]


def test_a_stream_that_only_begins_anew_brings_no_news() -> None:
    class Streamed(Codec):
        limits = StreamLimits(streamed_snapshots=True)

        def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
            emit(BookSnapshot("A/USD", ts_recv, 9, [(1.0, 1.0)], [(2.0, 1.0)]))

    bench, book = Bench(Streamed()), Channel(ChannelKind.BOOK, "A/USD")
    bench.session.subscribe([book])
    for ts_recv in (77, 78):
        bench.session.receive(b"", ts_recv, 0.1)
    assert bench.session.last_seen(book) == 77


def test_silence_counts_only_while_the_venue_owes_data(bench: Bench) -> None:
    assert bench.session.silent_for(50.0) == 0.0
    bench.session.subscribe([A])
    (request,) = bench.frames(50.0)
    bench.session.receive(json.dumps({"ack": request["id"]}).encode(), 1, 60.0)
    assert bench.session.silent_for(75.0) == 15.0
    bench.session.disconnected("cut")
    assert bench.session.silent_for(99.0) == 0.0


def test_a_stream_that_the_venue_ends_is_handed_to_the_driver(bench: Bench) -> None:
    bench.session.receive(b"end", 1, 0.1)
    assert (bench.session.attention, bench.session.ended) == (True, "maintenance")
    bench.session.connected(1.0)
    assert bench.session.ended == ""


def test_of_frames_that_came_together_a_bad_one_costs_no_other(bench: Bench) -> None:
    bench.session.receive_many([b"trade", b"nack not-a-number", b"trade", b"\xff garbage", b"trade"], 7, 0.1)
    told = [(type(event), event.ts_recv) for event in bench.events]
    assert told == [(kind, 7) for kind in (Trade, ProtocolErrorSeen, Trade, ProtocolErrorSeen, Trade)]
    bad = [event.excerpt for event in bench.events if isinstance(event, ProtocolErrorSeen)]
    assert bad == [b"nack not-a-number", b"\xff garbage"]


@pytest.mark.parametrize("codec", [Codec, Linked])
def test_events_go_elsewhere_and_back_when_told_so_also_those_of_known_channels(codec: type[Codec]) -> None:
    here: list[Event] = []
    there: list[Event] = []
    fast: list[Event] = []

    def publisher() -> Callable[[Event], None]:
        return fast.append

    def publish(event: Event) -> None:
        here.append(event)

    session = Session("toy", codec(), publish, itertools.count(1).__next__, lambda *_: None, publisher)
    session.connected(0.0)
    session.receive(b"trade", 1, 0.1)
    session.publish_to(there.append)
    session.receive(b"trade", 2, 0.2)
    session.publish_to(publish)
    session.receive(b"trade", 3, 0.3)
    session.receive(b"\xff garbage", 4, 0.4)
    assert ([e.ts_recv for e in fast], [e.ts_recv for e in there], [e.ts_recv for e in here]) == ([1, 3], [2], [4])


def test_a_codec_that_cannot_even_begin_is_reported_once_for_each_frame() -> None:
    bench = Bench(Stillborn())
    bench.session.receive_many([b"trade", b"delta 1"], 7, 0.1)
    assert [event.excerpt for event in bench.events if isinstance(event, ProtocolErrorSeen)] == [b"trade", b"delta 1"]
