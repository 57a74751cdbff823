"""Public streams over an in-memory network: shared, confirmed, healed, and closed without a trace."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable

import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import RequestTimeout, StateError
from foxtrot.io.pool import StreamPool
from foxtrot.model.events import ChannelStateChanged, Event
from foxtrot.protocol.codec import Endpoints
from foxtrot.protocol.messages import BookSnapshot, Channel, ChannelKind
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector
from foxtrot.testkit.toy import ToyStreamCodec

A, B = (Channel(ChannelKind.TRADES, f"{n}/USD") for n in "AB")


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.net = MemoryConnector()
        self.events: list[Event] = []
        self.pool = StreamPool(
            "toy",
            ToyStreamCodec(),
            Endpoints(rest="https://x", stream="wss://x"),
            self.net,
            self.clock,
            self.events.append,
            itertools.count(1).__next__,
            self.snapshot,
            RetryConfig(reconnect_initial_s=1, reconnect_max_s=8),
            10.0,
        )

    async def snapshot(self, symbol: str) -> BookSnapshot:
        return BookSnapshot(symbol, 1, 1, [(1.0, 1.0)], [(2.0, 1.0)])

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it did not happen")

    async def confirm(self) -> None:
        """Acknowledge every request of the newest socket."""
        await self.until(lambda: bool(self.net.sockets) and bool(self.net.last.sent))
        for frame in self.net.last.sent:
            self.net.last.say(json.dumps({"ack": json.loads(frame)["id"]}))

    async def subscribed(self, *channels: Channel) -> None:
        asking = asyncio.ensure_future(self.pool.subscribe(channels))
        await self.confirm()
        await asking

    def states(self) -> list[bool]:
        return [e.up for e in self.events if isinstance(e, ChannelStateChanged)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    await made.pool.close()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")] == []


async def test_subscribe_returns_when_the_venue_has_confirmed(bench: Bench) -> None:
    asking = asyncio.ensure_future(bench.pool.subscribe([A]))
    await bench.until(lambda: bool(bench.net.sockets) and bool(bench.net.last.sent))
    assert not asking.done()
    await bench.confirm()
    await asking


async def test_a_channel_that_two_want_is_asked_for_once_and_given_up_with_the_last(bench: Bench) -> None:
    await bench.subscribed(A)
    await bench.pool.subscribe([A])
    assert len(bench.net.last.sent) == 1
    await bench.pool.unsubscribe([A])
    await bench.clock.advance(2)
    assert len(bench.net.last.sent) == 1
    await bench.pool.unsubscribe([A])
    await bench.clock.advance(2)
    assert "unsubscribe" in json.loads(bench.net.last.sent[-1])


async def test_after_a_cut_the_stream_comes_back_with_all_its_channels(bench: Bench) -> None:
    await bench.subscribed(A, B)
    bench.net.last.cut("power")
    bench.net.refuse = 2
    await bench.clock.advance(20)
    await bench.until(lambda: len(bench.net.sockets) == 2 and bool(bench.net.last.sent))
    assert len(json.loads(bench.net.last.sent[0])["subscribe"]) == 2
    assert bench.net.attempts == 4
    assert bench.states()[0] is True
    assert bench.states()[1:] == [False, False, False, True]


async def test_reconnects_are_spread_over_time(bench: Bench) -> None:
    await bench.subscribed(A)
    bench.net.last.cut()
    bench.net.refuse = 1_000
    await bench.clock.advance(60)
    assert 5 < bench.net.attempts < 40


async def test_a_venue_that_never_confirms_is_an_error_in_bounded_time(bench: Bench) -> None:
    async def ask() -> None:
        async with asyncio.timeout(5):
            await bench.pool.subscribe([A])

    asking = asyncio.ensure_future(ask())
    await bench.until(lambda: bool(bench.net.sockets) and bool(bench.net.last.sent))
    await bench.clock.advance(6)
    with pytest.raises(RequestTimeout):
        await asking
    assert bench.pool.book("A/USD") is None


async def test_a_closed_pool_says_so(bench: Bench) -> None:
    await bench.pool.close()
    with pytest.raises(StateError, match="closed"):
        await bench.pool.subscribe([A])
