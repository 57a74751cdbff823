"""Signed requests leave in the order in which their nonces were made; none blocks the others for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import NetworkError
from foxtrot.io.gateway import RequestGateway
from foxtrot.protocol.calls import Call, Lane, RawResponse
from foxtrot.protocol.clocksync import ClockSync
from foxtrot.protocol.ratelimit import Limiter
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.toy import ToyRestCodec


class Venue:
    """Answer when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, asyncio.Future[RawResponse]] = {}

    async def request(self, call: Call[object]) -> RawResponse:
        self.asked.append(call.endpoint)
        self.answers[call.endpoint] = asyncio.get_running_loop().create_future()
        return await self.answers[call.endpoint]

    async def close(self) -> None:
        return

    def answer(self, name: str) -> None:
        self.answers[name].set_result(RawResponse(200, {}, name.encode()))


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.venue = Venue()
        self.limiter = Limiter(0.0)
        self.gateway = RequestGateway(
            "toy",
            self.venue,
            ToyRestCodec(),
            self.limiter,
            ClockSync(),
            self.clock,
            RetryConfig(attempts=1, total_timeout_s=60.0),
            in_order=True,
        )
        self.tasks: list[asyncio.Task[object]] = []

    async def ask(self, name: str, lane: Lane = Lane.RECONCILE, *, signed: bool = True) -> asyncio.Task[object]:
        call: Call[object] = Call(endpoint=name, params={}, decode=lambda b: b, lane=lane, signed=signed)
        task = asyncio.ensure_future(self.gateway.call(call))
        self.tasks.append(task)
        await self.clock.settle()
        return task


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    assert [t for t in asyncio.all_tasks() if t.get_name().startswith("foxtrot")] == []


async def test_a_signed_request_leaves_when_the_one_before_it_is_answered_urgent_ones_first(bench: Bench) -> None:
    await bench.ask("read")
    await bench.ask("history", Lane.HISTORY)
    await bench.ask("cancel", Lane.CANCEL)
    assert bench.venue.asked == ["read"]
    bench.venue.answer("read")
    await bench.clock.settle()
    assert bench.venue.asked == ["read", "cancel"]
    bench.venue.answer("cancel")
    await bench.clock.settle()
    assert bench.venue.asked == ["read", "cancel", "history"]


async def test_public_requests_wait_for_nobody(bench: Bench) -> None:
    await bench.ask("read")
    await bench.ask("ticker", signed=False)
    assert bench.venue.asked == ["read", "ticker"]


async def test_a_request_that_is_not_answered_holds_the_next_up_for_a_second_only(bench: Bench) -> None:
    slow = await bench.ask("slow")
    await bench.ask("next")
    await bench.clock.advance(0.9)
    assert bench.venue.asked == ["slow"]
    await bench.clock.advance(0.2)
    assert bench.venue.asked == ["slow", "next"]
    bench.venue.answer("slow")
    assert await slow == b"slow"


async def test_who_gives_up_waiting_does_not_hold_up_the_rest(bench: Bench) -> None:
    await bench.ask("read")
    impatient = await bench.ask("impatient")
    await bench.ask("patient")
    impatient.cancel()
    await bench.clock.settle()
    bench.venue.answer("read")
    await bench.clock.settle()
    assert bench.venue.asked == ["read", "patient"]


async def test_a_failure_hands_the_turn_on(bench: Bench) -> None:
    failing = await bench.ask("failing")
    await bench.ask("next")
    bench.venue.answers["failing"].set_exception(NetworkError("broken"))
    await bench.clock.settle()
    assert bench.venue.asked == ["failing", "next"]
    with pytest.raises(NetworkError, match="broken"):
        await failing


async def test_who_has_waited_for_a_turn_heeds_what_the_venue_has_said_meanwhile(bench: Bench) -> None:
    await bench.ask("read")
    await bench.ask("next")
    bench.limiter.pause(30.0, bench.clock.monotonic())
    bench.venue.answer("read")
    await bench.clock.advance(29)
    assert bench.venue.asked == ["read"]
    await bench.clock.advance(2)
    assert bench.venue.asked == ["read", "next"]
