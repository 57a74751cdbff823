"""The gateway sends writes once, repeats reads within bounds, and never calls the unknown a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import (
    Banned,
    ClockSkew,
    ConnectFailed,
    ConnectionLost,
    FoxtrotError,
    Outcome,
    ProtocolError,
    RateLimited,
    RequestTimeout,
    UnknownSymbol,
    VenueError,
    VenueUnavailable,
)
from foxtrot.io.gateway import RequestGateway
from foxtrot.protocol.budget import LimitKind, RateLimit
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.ratelimit import Limiter
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.toy import ToyRestCodec, ToyVenue


class SteppingClock(VirtualClock):
    """A clock whose sleeps are over at once and move the time."""

    slept: float = 0.0

    async def sleep(self, delay_s: float) -> None:
        self.slept += delay_s
        self._elapsed_ns += round(delay_s * 1e9)


class Codec(ToyRestCodec):
    def classify(self, call: Call[object], response: RawResponse) -> VenueError | None:
        if b"clock" in response.body:
            return ClockSkew("too late", status=400)
        if b"slow down" in response.body:
            limited = RateLimited("slow down", status=429)
            limited.retry_after_s = 12.0
            return limited
        if response.body in (b"RateLimited", b"Banned"):
            return (Banned if response.body == b"Banned" else RateLimited)("no", status=429)
        if response.status >= 500 or b"unavailable" in response.body:
            return VenueUnavailable("unavailable", status=503)
        return super().classify(call, response)


def gateway(
    venue: ToyVenue,
    clock: SteppingClock,
    *limits: RateLimit,
    codec: Codec | None = None,
    sync: ClockSync | None = None,
    limiter: Limiter | None = None,
) -> RequestGateway:
    limiter = limiter or Limiter(0.0)
    limiter.configure(limits)
    return RequestGateway("toy", venue, codec or Codec(), limiter, sync or ClockSync(), clock, RetryConfig(attempts=3))


def read() -> Call[Any]:
    return Call(endpoint="read", params={}, decode=msgspec.json.decode)


def write() -> Call[Any]:
    return Call(endpoint="write", params={}, decode=msgspec.json.Decoder(dict[str, int]).decode, idempotent=False)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


FAILURES: list[Exception | bytes] = [
    ConnectFailed("refused"),
    ConnectionLost("reset"),
    RequestTimeout("late"),
    b'{"error":"unavailable"}',
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
async def test_a_read_is_repeated_within_bounds_and_then_raises_the_last_error(
    failure: Exception | bytes, clock: SteppingClock
) -> None:
    venue = ToyVenue(read=failure)
    with pytest.raises(FoxtrotError):
        await gateway(venue, clock).call(read())
    assert len(venue.calls) == 3


@pytest.mark.parametrize("failure", FAILURES, ids=str)
async def test_a_write_goes_out_once_whatever_happens(failure: Exception | bytes, clock: SteppingClock) -> None:
    venue = ToyVenue(write=failure)
    with pytest.raises(FoxtrotError):
        await gateway(venue, clock).call(write())
    assert len(venue.calls) == 1


async def test_a_read_that_succeeds_later_succeeds(clock: SteppingClock) -> None:
    answers = iter([RequestTimeout("late"), b"7"])
    venue = ToyVenue(read=lambda _: next(answers))
    assert await gateway(venue, clock).call(read()) == 7


@pytest.mark.parametrize("body", [b"", b'{"orderId":', b"<html>", b"[]"])
async def test_an_unreadable_answer_to_a_write_leaves_its_outcome_unknown(body: bytes, clock: SteppingClock) -> None:
    with pytest.raises(ProtocolError) as caught:
        await gateway(ToyVenue(write=body), clock).call(write())
    assert (caught.value.outcome, caught.value.excerpt, caught.value.exchange) == (Outcome.UNKNOWN, body, "toy")
    assert not caught.value.retryable


async def test_a_clock_refusal_resyncs_and_repeats_even_a_write_exactly_once(clock: SteppingClock) -> None:
    server_ns = clock.time_ns() + 8_000_000_000
    answers = iter([b'{"error":"clock"}', b'{"id":1}'])
    venue = ToyVenue(write=lambda _: next(answers), time=str(server_ns).encode())
    made = gateway(venue, clock)
    assert await made.call(write()) == {"id": 1}
    assert [c.endpoint for c in venue.calls] == ["write", "time", "write"]
    stubborn = ToyVenue(write=b'{"error":"clock"}', time=b"1")
    with pytest.raises(ClockSkew):
        await gateway(stubborn, clock).call(write())
    assert len(stubborn.sent("write")) == 2


async def test_a_time_whose_answer_was_held_up_is_asked_for_again_and_the_quickest_answer_counts(
    clock: SteppingClock,
) -> None:
    """What is held up on its way there tells a time too late by half of the delay: too much for a venue's patience."""
    held_up = iter([2.4, 0.9, 0.02])

    def time(_: Call[Any]) -> bytes:
        clock._elapsed_ns += round(next(held_up) * 1e9)
        return str(clock.time_ns()).encode()

    sync, venue = ClockSync(), ToyVenue(time=time)
    await gateway(venue, clock, sync=sync).synchronise_clock()
    assert len(venue.sent("time")) == 3
    assert abs(sync.offset_ns) <= 10_000_000


async def test_a_venue_that_is_always_slow_is_asked_for_the_time_thrice_at_most(clock: SteppingClock) -> None:
    def time(_: Call[Any]) -> bytes:
        clock._elapsed_ns += 3_000_000_000
        return str(clock.time_ns()).encode()

    venue = ToyVenue(time=time)
    await gateway(venue, clock).synchronise_clock()
    assert len(venue.sent("time")) == 3


async def test_retry_after_stops_all_calls_until_its_time(clock: SteppingClock) -> None:
    answers = iter([b'{"error":"slow down"}', b"1"])
    made = gateway(ToyVenue(read=lambda _: next(answers)), clock)
    with pytest.raises(RateLimited):
        await made.call(read())
    assert await made.call(read()) == 1
    assert clock.slept == pytest.approx(12.1, abs=0.01)


async def test_a_budget_that_is_used_up_for_too_long_is_said_before_anything_is_sent(clock: SteppingClock) -> None:
    venue = ToyVenue(read=b"1")
    made = gateway(venue, clock, RateLimit(LimitKind.REQUESTS, 3_600, 1))
    await made.call(read())
    with pytest.raises(RateLimited, match="nothing was sent") as caught:
        await made.call(read())
    assert caught.value.outcome is Outcome.NOT_SENT
    assert len(venue.calls) == 1


async def test_an_answer_to_a_read_that_cannot_be_read_is_asked_for_again(clock: SteppingClock) -> None:
    answers = iter([b'{"cut', b"7"])
    assert await gateway(ToyVenue(read=lambda _: next(answers)), clock).call(read()) == 7


def raises(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


STUMBLES: list[Exception] = [
    IndexError("list index"),
    AttributeError("x"),
    KeyError("code"),
    UnknownSymbol("X/Y"),
    OSError(),
]


@pytest.mark.parametrize("part", ["decode", "classify", "usage"])
@pytest.mark.parametrize("stumble", STUMBLES, ids=repr)
async def test_whatever_a_codec_trips_over_a_write_that_arrived_is_unknown(
    part: str, stumble: Exception, clock: SteppingClock
) -> None:
    venue, call, codec = ToyVenue(write=b"1"), write(), Codec()
    if part == "decode":
        call = msgspec.structs.replace(call, decode=raises(stumble))
    else:
        setattr(codec, part, raises(stumble))
    with pytest.raises(ProtocolError, match=r"answer to write cannot be read: .+") as caught:
        await gateway(venue, clock, codec=codec).call(call)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(venue.calls) == 1


@pytest.mark.parametrize("failure", [RequestTimeout("late"), ConnectFailed("refused"), b"<html>"], ids=str)
async def test_a_refusal_stays_a_refusal_when_the_clock_cannot_be_asked(
    failure: Exception | bytes, clock: SteppingClock
) -> None:
    venue = ToyVenue(write=b'{"error":"clock"}', time=failure)
    with pytest.raises(ClockSkew) as caught:
        await gateway(venue, clock).call(write())
    assert caught.value.outcome is Outcome.REFUSED
    assert len(venue.sent("write")) == 1


async def test_a_clock_error_that_leaves_the_outcome_open_is_not_repeated_for_a_write(clock: SteppingClock) -> None:
    venue = ToyVenue(write=ClockSkew("gateway timeout", outcome=Outcome.UNKNOWN), time=b"1")
    with pytest.raises(ClockSkew):
        await gateway(venue, clock).call(write())
    assert [c.endpoint for c in venue.calls] == ["write"]


async def test_a_read_with_a_stubborn_clock_is_repeated_once_only(clock: SteppingClock) -> None:
    venue = ToyVenue(read=b'{"error":"clock"}', time=b"1")
    with pytest.raises(ClockSkew):
        await gateway(venue, clock).call(read())
    assert [c.endpoint for c in venue.calls] == ["read", "time", "read"]


async def test_while_the_clock_is_measured_anew_other_calls_keep_the_old_estimate(clock: SteppingClock) -> None:
    seen: list[int] = []
    server_ns = str(clock.time_ns() + 9_000_000_000).encode()

    def answer(_: Call[Any]) -> bytes:
        seen.append(sync.offset_ns)
        return server_ns

    answers = iter([b'{"error":"clock"}', b'{"id":1}'])
    sync = ClockSync()
    sync.add(0, 8_000_000_000, 0)
    await gateway(ToyVenue(write=lambda _: next(answers), time=answer), clock, sync=sync).call(write())
    assert seen == [8_000_000_000]
    assert sync.offset_ns == 9_000_000_000


async def test_waiting_for_the_budget_is_no_part_of_the_clocks_round_trip(clock: SteppingClock) -> None:
    limiter, sync = Limiter(0.0), ClockSync()
    limiter.pause(20.0, clock.monotonic())
    venue = ToyVenue(time=lambda _: str(clock.time_ns()).encode())
    await gateway(venue, clock, sync=sync, limiter=limiter).synchronise_clock()
    assert clock.slept == pytest.approx(20.1, abs=0.01)
    assert sync.offset_ns == 0


async def test_all_attempts_and_waits_of_a_call_share_one_budget(clock: SteppingClock) -> None:
    def fail_after_a_while(_: Call[Any]) -> RequestTimeout:
        clock._elapsed_ns += 12_000_000_000
        return RequestTimeout("late")

    started = clock.monotonic()
    venue = ToyVenue(read=fail_after_a_while)
    made = gateway(venue, clock, RateLimit(LimitKind.REQUESTS, 60, 1))
    with pytest.raises(RateLimited, match="nothing was sent"):
        await made.call(read())  # the next window opens after 40 s: past the budget of 30 s, but not past 12 + 30 s
    assert clock.monotonic() - started < 30
    assert len(venue.calls) == 1


@pytest.mark.parametrize(("kind", "least_s"), [(RateLimited, 1.0), (Banned, 60.0)])
async def test_where_the_venue_does_not_say_how_long_a_ban_is_respected_for_longer(
    kind: type[RateLimited], least_s: float, clock: SteppingClock
) -> None:
    limiter = Limiter(0.0)
    with pytest.raises(kind):
        await gateway(ToyVenue(write=kind.__name__.encode()), clock, limiter=limiter).call(write())
    assert limiter.delay(write(), clock.monotonic()) == pytest.approx(least_s, abs=0.01)


async def test_health_counts_what_was_sent_what_failed_and_when_it_last_worked(clock: SteppingClock) -> None:
    answers = iter([b'{"id":1}', RequestTimeout("late")])
    made = gateway(ToyVenue(write=lambda _: next(answers)), clock)
    await made.call(write())
    worked = clock.time_ns()
    await clock.sleep(5)
    with pytest.raises(RequestTimeout):
        await made.call(write())
    assert (made.sent, made.failed, made.last_ok_ns) == (2, 1, worked)
