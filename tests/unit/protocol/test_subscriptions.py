"""Subscriptions on one connection: paced, confirmed by their own answers only, and no bad one harms the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from foxtrot.errors import FoxtrotError, RequestTimeout, UnknownSymbol, VenueError
from foxtrot.protocol.codec import StreamLimits
from foxtrot.protocol.messages import Ack, Channel, ChannelKind, Nack
from foxtrot.protocol.subscriptions import Subscriptions, SubscriptionState
from foxtrot.testkit.toy import ToyStreamCodec

CHANNELS = [Channel(ChannelKind.TRADES, f"{letter}/USD") for letter in "ABCDEFGH"]
A, B, *_ = CHANNELS
BAD = CHANNELS[5]
WANTED, PENDING, CONFIRMED = SubscriptionState.WANTED, SubscriptionState.PENDING, SubscriptionState.CONFIRMED


class Codec(ToyStreamCodec):
    limits = StreamLimits(messages_per_second=10, streams_per_request=8, ack_timeout_s=5)
    delisted: frozenset[Channel] = frozenset()

    def subscribe(self, channels: Sequence[Channel], request_id: int) -> bytes:
        for channel in channels:
            if channel in self.delisted:
                raise UnknownSymbol(f"the venue lists no symbol {channel.symbol!r}")
        return super().subscribe(channels, request_id)


class Bench:
    def __init__(self) -> None:
        self.codec = Codec()
        self.settled: list[tuple[Channel, FoxtrotError | None]] = []
        self.made = Subscriptions("toy", self.codec, lambda channel, error: self.settled.append((channel, error)))
        self.made.connected()
        self.asked: list[tuple[str, int]] = []

    def want(self, *channels: Channel) -> None:
        for channel in channels:
            self.made.add(channel)

    def frames(self, now: float) -> list[dict[str, Any]]:
        found = [json.loads(frame) for frame in self.made.frames_due(now)]
        self.asked += [(kind, len(frame[kind])) for frame in found for kind in frame if kind != "id"]
        return found

    def play(self, until: float, bad: set[Channel]) -> None:
        """Let a venue answer that refuses every request with a bad channel in it."""
        names = {channel.symbol for channel in bad}
        for tenth in range(int(until * 10)):
            now = tenth / 10
            for frame in self.frames(now):
                symbols = {channel["symbol"] for channel in frame.get("subscribe", ())}
                if symbols & names:
                    self.made.refuse(Nack(frame["id"], "9", "no such stream"), now)
                else:
                    self.made.acknowledge(Ack(frame["id"]))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_channel_that_the_venue_refuses_does_not_keep_the_others_out(bench: Bench) -> None:
    bench.want(*CHANNELS)
    bench.play(3.0, {BAD})
    assert [c for c in CHANNELS if bench.made.state(c) is not CONFIRMED] == [BAD]
    assert {c for c, error in bench.settled if error is None} == set(CHANNELS) - {BAD}
    (refusal, *_) = [error for channel, error in bench.settled if channel == BAD]
    assert isinstance(refusal, VenueError)
    assert refusal.venue_message == "no such stream"


def test_a_channel_that_the_codec_cannot_name_any_more_is_told_and_harms_nobody(bench: Bench) -> None:
    bench.codec.delisted = frozenset({BAD})
    bench.want(*CHANNELS)
    bench.play(3.0, set())
    assert [c for c in CHANNELS if bench.made.state(c) is not CONFIRMED] == [BAD]
    assert all(isinstance(error, UnknownSymbol) for channel, error in bench.settled if channel == BAD)
    bench.codec.delisted = frozenset()
    bench.play(120.0, set())
    assert bench.made.state(BAD) is CONFIRMED


def test_a_refused_channel_is_asked_for_ever_more_seldom(bench: Bench) -> None:
    bench.want(BAD)
    bench.play(60.0, {BAD})
    assert 3 <= len(bench.asked) <= 7
    due = bench.made.next_deadline()
    assert due is not None
    assert due > 60.0


def test_a_reconnect_asks_for_a_refused_channel_at_once_but_apart_from_the_good_ones(bench: Bench) -> None:
    bench.want(*CHANNELS)
    bench.play(3.0, {BAD})
    bench.made.disconnected()
    bench.made.connected()
    sizes = [len(frame["subscribe"]) for frame in bench.frames(10.0) + bench.frames(10.1) + bench.frames(10.2)]
    assert sorted(sizes) in ([1, 7], [1, 2, 5])


def test_an_old_answer_does_not_confirm_a_channel_that_was_given_up_and_wanted_anew(bench: Bench) -> None:
    bench.want(A)
    (first,) = bench.frames(0.0)
    bench.made.remove(A)
    bench.want(A)
    bench.made.acknowledge(Ack(first["id"]))
    assert bench.made.state(A) is WANTED
    second, third = bench.frames(0.1) + bench.frames(0.2)
    assert ("unsubscribe" in second, "subscribe" in third) == (True, True)
    bench.made.acknowledge(Ack(third["id"]))
    assert bench.made.state(A) is CONFIRMED


def test_a_channel_given_up_after_its_answer_was_late_is_unsubscribed_since_the_venue_may_send_it(bench: Bench) -> None:
    bench.want(A)
    bench.frames(0.0)
    assert bench.made.expire(4.9) == 0
    assert bench.made.expire(5.0) == 1
    ((_, error),) = bench.settled
    assert isinstance(error, RequestTimeout)
    bench.made.remove(A)
    (frame,) = bench.frames(5.1)
    assert "unsubscribe" in frame


def test_a_channel_that_was_refused_is_not_unsubscribed(bench: Bench) -> None:
    bench.want(A)
    (frame,) = bench.frames(0.0)
    bench.made.refuse(Nack(frame["id"], "9", "no"), 0.1)
    bench.made.remove(A)
    assert bench.frames(9.0) == []


def test_a_lost_connection_confirms_nothing_any_more(bench: Bench) -> None:
    bench.want(A, B)
    bench.play(1.0, set())
    assert bench.made.any_confirmed()
    bench.made.disconnected()
    assert not bench.made.any_confirmed()
    assert bench.frames(20.0) == []


def test_a_listener_may_give_up_channels_while_it_hears_of_them() -> None:
    made: Subscriptions

    def give_all_up(channel: Channel, error: FoxtrotError | None) -> None:
        for one in CHANNELS:
            made.remove(one)

    made = Subscriptions("toy", Codec(), give_all_up)
    made.connected()
    for channel in CHANNELS:
        made.add(channel)
    (frame,) = made.frames_due(0.0)
    made.acknowledge(Ack(json.loads(frame)["id"]))
    assert made.channels == []
    assert len(json.loads(made.frames_due(1.0)[0])["unsubscribe"]) == len(CHANNELS)


class Uniform(Codec):
    limits = StreamLimits(messages_per_second=100, streams_per_request=8, ack_timeout_s=5, uniform_requests=True)


def uniform() -> Bench:
    bench = Bench()
    bench.codec = Uniform()
    bench.made = Subscriptions("toy", bench.codec, lambda channel, error: bench.settled.append((channel, error)))
    bench.made.connected()
    return bench


def test_where_a_request_is_about_one_kind_of_channel_kinds_are_asked_for_apart() -> None:
    bench = uniform()
    quotes = [Channel(ChannelKind.QUOTES, "A/USD"), Channel(ChannelKind.OHLCV, "A/USD", "1m")]
    bench.want(A, quotes[0], B, quotes[1])
    frames = [frame for second in range(4) for frame in bench.frames(float(second))]
    asked = [[channel["symbol"] for channel in frame["subscribe"]] for frame in frames]
    assert sorted(asked) == [["A/USD"], ["A/USD"], ["A/USD", "B/USD"]]


def test_an_answer_about_one_symbol_settles_that_one_and_the_others_go_on_waiting() -> None:
    bench = uniform()
    bench.want(A, B, BAD)
    (frame,) = bench.frames(0.0)
    bench.made.acknowledge(Ack(frame["id"], "", "B/USD"))
    assert [bench.made.state(c) for c in (A, B, BAD)] == [PENDING, CONFIRMED, PENDING]
    bench.made.refuse(Nack(frame["id"], "9", "no such symbol", BAD.symbol), 0.1)
    assert [type(error) for channel, error in bench.settled if channel == BAD] == [VenueError]
    bench.made.acknowledge(Ack(frame["id"], "", "A/USD"))
    assert bench.made.state(A) is CONFIRMED
    assert bench.made.expire(100.0) == 0


def test_a_renewed_channel_is_given_up_first_and_asked_for_when_it_is_due() -> None:
    bench = uniform()
    bench.want(A)
    (frame,) = bench.frames(0.0)
    bench.made.acknowledge(Ack(frame["id"]))
    bench.made.renew(A, 3.0)
    (leaving,) = bench.frames(1.0)
    assert "unsubscribe" in leaving
    bench.made.acknowledge(Ack(leaving["id"]))
    assert bench.made.state(A) is WANTED
    assert bench.frames(2.9) == []
    (again,) = bench.frames(3.0)
    assert "subscribe" in again


def test_where_a_stream_begins_with_a_snapshot_what_was_not_answered_is_given_up_before_it_is_asked_for_again() -> None:
    bench = uniform()
    bench.codec.limits = StreamLimits(messages_per_second=100, ack_timeout_s=5, streamed_snapshots=True)
    bench.made = Subscriptions("toy", bench.codec, lambda channel, error: bench.settled.append((channel, error)))
    bench.made.connected()
    bench.want(A)
    bench.frames(0.0)
    assert bench.made.expire(5.0) == 1
    (leaving,) = bench.frames(5.1)
    assert "unsubscribe" in leaving
    (again,) = bench.frames(7.0)
    assert "subscribe" in again
    bench.made.acknowledge(Ack(again["id"]))
    assert bench.made.state(A) is CONFIRMED


def test_elsewhere_what_was_not_answered_is_asked_for_again_as_it_is(bench: Bench) -> None:
    bench.want(A)
    bench.frames(0.0)
    assert bench.made.expire(5.0) == 1
    (again,) = bench.frames(7.0)
    assert "subscribe" in again
