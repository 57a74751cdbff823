"""A stream connection heals by itself: gaps, stale snapshots, storms, silence and bugs included."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from foxtrot.config import RetryConfig
from foxtrot.errors import RequestTimeout, VenueError
from foxtrot.io.pool import StreamPool
from foxtrot.model.events import BookInvalidated, BookUpdated, ChannelStateChanged, Event
from foxtrot.ports import OnClose, OnFrame
from foxtrot.protocol.book import BookBuilder
from foxtrot.protocol.codec import Emit, Endpoints, StreamLimits
from foxtrot.protocol.messages import BookDelta, BookSnapshot, Channel, ChannelKind, StreamEnded
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector, MemorySocket
from foxtrot.testkit.toy import ToyStreamCodec

BOOK = Channel(ChannelKind.BOOK, "A/USD")
TRADES = Channel(ChannelKind.TRADES, "A/USD")


class Codec(ToyStreamCodec):
    def __init__(self, limits: StreamLimits) -> None:
        self.limits = limits

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        if data.startswith(b"delta "):
            number = int(data[6:])
            emit(BookDelta("A/USD", 1, ts_recv, number, number, number - 1, [(1.5, float(number))], []))
        elif data == b"shutdown":
            emit(StreamEnded("server shutdown"))
        else:
            super().decode(data, ts_recv, emit)


class Net(MemoryConnector):
    """Acknowledge every request by itself; `broken` is raised by the next attempts to connect."""

    broken: Exception | None = None

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> MemorySocket:
        if self.broken is not None:
            self.attempts += 1
            raise self.broken
        socket = await super().connect(url, on_frame, on_close)
        plain = socket.send

        def send(data: bytes) -> None:
            plain(data)
            number = json.loads(data)["id"]
            asyncio.get_running_loop().call_soon(socket.say, json.dumps({"ack": number}))

        socket.send = send  # type: ignore[method-assign]
        return socket


class Bench:
    def __init__(self, limits: StreamLimits) -> None:
        self.clock = VirtualClock()
        self.net = Net()
        self.events: list[Event] = []
        self.fetches: list[float] = []
        self.answer: Callable[[], Awaitable[int]] = self.latest
        self.venue_id = 100
        self.pool = StreamPool(
            "toy",
            Codec(limits),
            Endpoints(rest="https://x", stream="wss://x"),
            self.net,
            self.clock,
            self.events.append,
            itertools.count(1).__next__,
            self.fetch,
            RetryConfig(reconnect_initial_s=0.5, reconnect_max_s=30),
            10.0,
        )

    async def latest(self) -> int:
        return self.venue_id

    async def fetch(self, symbol: str) -> BookSnapshot:
        self.fetches.append(self.clock.monotonic())
        return BookSnapshot(symbol, 1, await self.answer(), [(1.0, 1.0)], [(2.0, 1.0)])

    async def change(self, skip: int = 0) -> None:
        """Let the venue's book change and tell of it, `skip` changes untold."""
        self.venue_id += 1 + skip
        self.net.last.say(f"delta {self.venue_id}")
        await self.clock.settle()

    @property
    def book(self) -> BookBuilder:
        book = self.pool.book("A/USD")
        assert book is not None
        return book

    def heard(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, ChannelStateChanged)]


@pytest.fixture
def limits() -> StreamLimits:
    return StreamLimits()


@pytest.fixture
async def bench(limits: StreamLimits) -> AsyncIterator[Bench]:
    made = Bench(limits)
    await made.pool.subscribe([BOOK, TRADES])
    yield made
    await made.pool.close()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")] == []
    assert all(not socket.open for socket in made.net.sockets)


async def test_the_first_change_brings_the_snapshot_and_the_book(bench: Bench) -> None:
    await bench.change()
    assert (bench.book.synced, len(bench.fetches)) == (True, 1)
    await bench.change()
    first, second = bench.heard(BookUpdated)
    assert isinstance(first, BookUpdated)
    assert isinstance(second, BookUpdated)
    assert (first.snapshot, second.snapshot, second.update_id) == (True, False, bench.venue_id)


async def test_a_gap_is_told_and_healed_by_one_new_snapshot(bench: Bench) -> None:
    await bench.change()
    await bench.clock.advance(60)
    await bench.change(skip=3)
    assert (len(bench.heard(BookInvalidated)), bench.book.synced, len(bench.fetches)) == (1, True, 2)
    assert bench.book.update_id == bench.venue_id


async def test_a_book_that_breaks_again_and_again_does_not_flood_the_venue_with_requests(bench: Bench) -> None:
    for _ in range(1_000):
        await bench.change(skip=1)
        await bench.clock.advance(0.01)
    assert len(bench.fetches) < 12
    await bench.clock.advance(60)
    for _ in range(5):
        await bench.change()
    assert bench.book.synced


async def test_a_snapshot_that_cannot_be_fetched_is_told_and_fetched_again(bench: Bench) -> None:
    async def refuse() -> int:
        raise VenueError("the venue is busy")

    async def mistake() -> int:
        raise RuntimeError("a bug of ours")

    for answer, words in ((refuse, "the venue is busy"), (mistake, "a bug of ours")):
        bench.answer = answer
        await bench.clock.advance(60)
        await bench.change(skip=1)
        told = bench.heard(BookInvalidated)[-1]
        assert isinstance(told, BookInvalidated)
        assert words in told.reason
        bench.answer = bench.latest
        await bench.clock.advance(15)
        await bench.change()
        assert bench.book.synced


async def test_a_snapshot_request_that_never_ends_is_given_up(bench: Bench) -> None:
    async def hang() -> int:
        return await asyncio.get_running_loop().create_future()

    bench.answer = hang
    await bench.change()
    bench.answer = bench.latest
    await bench.clock.advance(59)
    assert len(bench.fetches) == 1
    await bench.clock.advance(15)
    assert bench.book.synced


async def test_a_snapshot_asked_for_on_a_lost_connection_is_never_taken_for_the_new_one(bench: Bench) -> None:
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def slow() -> int:
        return await asyncio.shield(gate)

    bench.answer = slow
    await bench.change()
    bench.net.last.cut()
    bench.venue_id += 7
    bench.answer = bench.latest
    await bench.clock.advance(1)
    gate.set_result(101)
    await bench.clock.settle()
    assert not bench.book.synced
    await bench.change()
    assert (bench.book.synced, bench.book.update_id) == (True, bench.venue_id)


async def test_a_channel_given_up_and_wanted_anew_gets_a_snapshot_of_its_own(bench: Bench) -> None:
    gate: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def slow() -> int:
        return await asyncio.shield(gate)

    bench.answer = slow
    await bench.change()
    old = bench.book
    await bench.pool.unsubscribe([BOOK])
    asking = asyncio.ensure_future(bench.pool.subscribe([BOOK]))
    await bench.clock.advance(2)
    await asking
    bench.answer = bench.latest
    await bench.change()
    await bench.clock.advance(1)
    assert bench.book.synced
    gate.set_result(3)
    await bench.clock.settle()
    assert (old.synced, bench.book.update_id) == (False, bench.venue_id)


async def test_a_lost_connection_makes_the_book_invalid_until_the_new_one_brought_it_back(bench: Bench) -> None:
    await bench.change()
    bench.net.last.cut("power")
    await bench.clock.settle()
    assert not bench.book.synced
    assert [event.reason for event in bench.heard(BookInvalidated) if isinstance(event, BookInvalidated)] == ["power"]
    bench.venue_id += 5
    await bench.clock.advance(2)
    await bench.change()
    assert bench.book.synced


async def test_a_book_that_does_not_change_is_there_all_the_same(bench: Bench) -> None:
    await bench.clock.advance(3)
    assert (bench.book.synced, len(bench.fetches)) == (True, 1)
    await bench.change()
    assert (bench.book.synced, len(bench.fetches)) == (True, 1)


async def test_a_venue_that_cuts_every_connection_at_once_is_not_stormed(bench: Bench) -> None:
    before = bench.net.attempts
    for _ in range(600):
        bench.net.last.cut()
        await bench.clock.advance(0.1)
    assert 4 <= bench.net.attempts - before <= 12


async def test_a_connection_that_lived_long_is_reopened_quickly(bench: Bench) -> None:
    for _ in range(5):
        await bench.clock.advance(60)
        bench.net.last.cut()
        await bench.clock.advance(0.6)
        assert bench.net.last.open


@pytest.mark.parametrize("limits", [StreamLimits(connections_per_5_minutes=3)])
async def test_attempts_stay_within_the_venues_budget(bench: Bench) -> None:
    bench.net.refuse = 10_000
    bench.net.last.cut()
    for _ in range(12):
        before = bench.net.attempts
        await bench.clock.advance(300)
        assert bench.net.attempts - before <= 3
    assert bench.net.attempts > 20


async def test_an_unexpected_error_is_told_and_does_not_end_the_stream(bench: Bench) -> None:
    bench.net.broken = ValueError("a bug of ours")
    bench.net.last.cut("power")
    await bench.clock.advance(5)
    assert any("a bug of ours" in reason for reason in bench.reasons())
    bench.net.broken = None
    await bench.clock.advance(30)
    assert bench.net.last.open
    assert bench.reasons()[-1] == "connected"


async def test_a_stream_that_the_venue_ends_is_opened_anew(bench: Bench) -> None:
    first = bench.net.last
    first.say("shutdown")
    await bench.clock.advance(2)
    assert (first.open, bench.net.last.open) == (False, True)
    assert bench.reasons() == ["connected", "server shutdown", "connected"]


@pytest.mark.parametrize("limits", [StreamLimits(silence_s=20)])
async def test_a_connection_that_brings_nothing_counts_as_dead(bench: Bench) -> None:
    for _ in range(5):
        await bench.clock.advance(15)
        await bench.change()
    assert len(bench.net.sockets) == 1
    await bench.clock.advance(25)
    assert len(bench.net.sockets) == 2
    assert "nothing came for 20 s" in bench.reasons()


async def test_quiet_streams_stay_open_where_silence_is_normal(bench: Bench) -> None:
    await bench.clock.advance(3_600)
    assert len(bench.net.sockets) == 1


async def test_closing_while_a_connection_is_being_opened_leaves_nothing(limits: StreamLimits) -> None:
    made = Bench(limits)
    made.net.silent = True
    asking = asyncio.ensure_future(made.pool.subscribe([BOOK]))
    await made.clock.advance(25)
    with pytest.raises(RequestTimeout):
        await asking
    await made.pool.close()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")] == []
