"""The gateway sends writes once, repeats reads within bounds, and never calls the unknown a failure."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import (
    ClockSkew,
    ConnectFailed,
    ConnectionLost,
    FoxtrotError,
    Outcome,
    ProtocolError,
    RateLimited,
    RequestTimeout,
    VenueError,
    VenueUnavailable,
)
from foxtrot.io.gateway import RequestGateway
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.ratelimit import Limiter, LimitKind, RateLimit
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
        if response.status >= 500 or b"unavailable" in response.body:
            return VenueUnavailable("unavailable", status=503)
        return super().classify(call, response)


def gateway(venue: ToyVenue, clock: SteppingClock, *limits: RateLimit) -> RequestGateway:
    limiter = Limiter(0.0)
    limiter.configure(limits)
    return RequestGateway("toy", venue, Codec(), limiter, ClockSync(), clock, RetryConfig(attempts=3))


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


async def test_retry_after_stops_all_calls_until_its_time(clock: SteppingClock) -> None:
    answers = iter([b'{"error":"slow down"}', b"1"])
    made = gateway(ToyVenue(read=lambda _: next(answers)), clock)
    with pytest.raises(RateLimited):
        await made.call(read())
    assert await made.call(read()) == 1
    assert clock.slept == pytest.approx(12.0, abs=0.01)


async def test_a_budget_that_is_used_up_for_too_long_is_said_before_anything_is_sent(clock: SteppingClock) -> None:
    venue = ToyVenue(read=b"1")
    made = gateway(venue, clock, RateLimit(LimitKind.REQUESTS, 3_600, 1))
    await made.call(read())
    with pytest.raises(RateLimited, match="nothing was sent") as caught:
        await made.call(read())
    assert caught.value.outcome is Outcome.NOT_SENT
    assert len(venue.calls) == 1
