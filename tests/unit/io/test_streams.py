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
from foxtrot.protocol.codec import Endpoints, StreamLimits
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


async def test_who_waits_for_a_confirmation_when_the_pool_closes_is_told_so(bench: Bench) -> None:
    asking = asyncio.ensure_future(bench.pool.subscribe([A]))
    await bench.until(lambda: bool(bench.net.sockets) and bool(bench.net.last.sent))
    await bench.pool.close()
    with pytest.raises(StateError, match="closed"):
        await asking


async def test_a_second_subscriber_waits_too_while_the_connection_is_down(bench: Bench) -> None:
    await bench.subscribed(A)
    bench.net.last.cut()
    asking = asyncio.ensure_future(bench.pool.subscribe([A]))
    await bench.clock.advance(2)
    assert not asking.done()
    await bench.confirm()
    await asking


async def test_the_time_to_confirm_is_measured_by_the_clock_given(bench: Bench) -> None:
    bench.net.silent = True
    asking = asyncio.ensure_future(bench.pool.subscribe([A]))
    await bench.clock.advance(19.9)
    assert not asking.done()
    await bench.clock.advance(0.2)
    with pytest.raises(RequestTimeout, match="within 20 s"):
        await asking


async def test_the_reason_why_the_venue_cannot_be_reached_is_in_the_error(bench: Bench) -> None:
    bench.net.refuse = 1_000
    asking = asyncio.ensure_future(bench.pool.subscribe([A]))
    await bench.clock.advance(21)
    with pytest.raises(RequestTimeout, match="cannot be reached: refused"):
        await asking


async def test_one_who_gives_up_waiting_takes_nothing_from_another_who_waits(bench: Bench) -> None:
    first = asyncio.ensure_future(bench.pool.subscribe([A]))
    second = asyncio.ensure_future(bench.pool.subscribe([A]))
    await bench.until(lambda: bool(bench.net.sockets) and bool(bench.net.last.sent))
    first.cancel()
    await asyncio.wait({first})
    await bench.confirm()
    await second
    await bench.clock.advance(2)
    assert all("unsubscribe" not in json.loads(frame) for frame in bench.net.last.sent)


async def test_a_channel_named_twice_in_one_call_is_one_subscription(bench: Bench) -> None:
    await bench.subscribed(A, A)
    await bench.pool.unsubscribe([A])
    await bench.clock.advance(2)
    assert "unsubscribe" in json.loads(bench.net.last.sent[-1])


class TestManyConnections:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ToyStreamCodec, "limits", StreamLimits(streams_per_connection=1))

    async def connected(self, bench: Bench) -> None:
        asking = asyncio.ensure_future(bench.pool.subscribe([A, B]))
        await bench.until(lambda: [len(s.sent) for s in bench.net.sockets] == [1, 1])
        for one in bench.net.sockets:
            one.say(json.dumps({"ack": json.loads(one.sent[0])["id"]}))
        await asking

    async def test_channels_spread_over_as_many_connections_as_the_venue_demands(self, bench: Bench) -> None:
        await self.connected(bench)
        symbols = [json.loads(s.sent[0])["subscribe"][0]["symbol"] for s in bench.net.sockets]
        assert sorted(symbols) == ["A/USD", "B/USD"]

    async def test_the_market_is_up_only_when_every_connection_is(self, bench: Bench) -> None:
        await self.connected(bench)
        assert bench.states() == [True]
        bench.net.sockets[0].cut()
        bench.net.sockets[1].cut()
        bench.net.refuse = 1
        await bench.clock.advance(1.1)
        assert True not in bench.states()[1:]
        await bench.clock.advance(10)
        assert bench.states()[-1] is True
        assert bench.states().count(True) == 2

    async def test_all_connections_share_the_venues_budget(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        tight = StreamLimits(streams_per_connection=1, connections_per_5_minutes=4)
        monkeypatch.setattr(ToyStreamCodec, "limits", tight)
        fresh = Bench()
        await self.connected(fresh)
        fresh.net.refuse = 1_000
        for one in fresh.net.sockets:
            one.cut()
        await fresh.clock.advance(290)
        assert fresh.net.attempts == 4
        await fresh.pool.close()
