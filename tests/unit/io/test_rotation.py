"""A stream connection is replaced before the venue cuts it: its subscribers lose nothing and hear nothing twice."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import deque

import pytest

from foxtrot.config import RetryConfig
from foxtrot.io.pool import StreamPool
from foxtrot.model.events import BookInvalidated, BookUpdated, ChannelStateChanged, Event, Trade
from foxtrot.model.order import Side
from foxtrot.ports import OnClose, OnFrame
from foxtrot.protocol.codec import Emit, Endpoints, StreamLimits
from foxtrot.protocol.messages import BookDelta, BookSnapshot, Channel, ChannelKind
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector, MemorySocket
from foxtrot.testkit.toy import ToyStreamCodec

LIFE_S = 600.0
BOOK, TRADES = Channel(ChannelKind.BOOK, "A/USD"), Channel(ChannelKind.TRADES, "A/USD")


class Codec(ToyStreamCodec):
    limits = StreamLimits(max_life_s=LIFE_S)

    def decode(self, data: bytes, ts_recv: int, emit: Emit) -> None:
        if data.startswith(b"both "):
            number = int(data[5:])
            emit(Trade("toy", "A/USD", number, ts_recv, 1, number, 1.5, 1.0, Side.BUY))
            emit(BookDelta("A/USD", number, ts_recv, number, number, number - 1, [(1.5, float(number))], []))
        else:
            super().decode(data, ts_recv, emit)


class Venue(MemoryConnector):
    """Say the same on every subscribed connection, each with a lag of its own; cut each at the end of its life."""

    def __init__(self, clock: VirtualClock, chance: random.Random) -> None:
        super().__init__()
        self.clock = clock
        self.chance = chance
        self.last_id = 100
        self.queues: dict[MemorySocket, deque[str]] = {}
        self.born: dict[MemorySocket, float] = {}
        self.lag = 3
        self.cuts = 0

    async def connect(self, url: str, on_frame: OnFrame, on_close: OnClose) -> MemorySocket:
        socket = await super().connect(url, on_frame, on_close)
        self.born[socket] = self.clock.monotonic()
        plain = socket.send

        def send(data: bytes) -> None:
            plain(data)
            request = json.loads(data)
            socket.say(json.dumps({"ack": request["id"]}))
            self.queues.setdefault(socket, deque())

        socket.send = send  # type: ignore[method-assign]
        return socket

    def tick(self) -> None:
        self.last_id += 1
        for socket, queue in self.queues.items():
            queue.append(f"both {self.last_id}")
            while socket.open and len(queue) > self.chance.randint(0, self.lag):
                socket.say(queue.popleft())
        for socket, born in self.born.items():
            if socket.open and self.clock.monotonic() - born >= LIFE_S:
                self.cuts += 1
                socket.cut("the venue's limit of age")


class Bench:
    def __init__(self, seed: int) -> None:
        self.clock = VirtualClock()
        self.venue = Venue(self.clock, random.Random(seed))
        self.events: list[Event] = []
        self.pool = StreamPool(
            "toy",
            Codec(),
            Endpoints(rest="https://x", stream="wss://x"),
            self.venue,
            self.clock,
            self.events.append,
            itertools.count(1).__next__,
            self.fetch,
            RetryConfig(),
            10.0,
        )

    async def fetch(self, symbol: str) -> BookSnapshot:
        return BookSnapshot(symbol, 1, self.venue.last_id, [(1.0, 1.0)], [(2.0, 1.0)])

    async def run(self, seconds: int) -> None:
        for _ in range(seconds * 2):
            self.venue.tick()
            await self.clock.advance(0.5)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.mark.parametrize("seed", range(12))
async def test_many_lives_of_a_connection_are_heard_as_one(seed: int) -> None:
    random.seed(seed)
    bench = Bench(seed)
    await bench.pool.subscribe([BOOK, TRADES])
    await bench.run(3 * int(LIFE_S))
    sockets = bench.venue.sockets
    assert len(sockets) >= 4
    assert bench.venue.cuts == 0
    assert sum(socket.open for socket in sockets) == 1
    trades = [event.trade_id for event in bench.of(Trade) if isinstance(event, Trade)]
    assert trades == list(range(101, 101 + len(trades)))
    assert len(trades) >= 3 * LIFE_S * 2 - 5
    books = [event for event in bench.of(BookUpdated) if isinstance(event, BookUpdated)]
    assert [event.update_id for event in books] == list(range(books[0].update_id, books[-1].update_id + 1))
    assert bench.of(BookInvalidated) == []
    assert [event.up for event in bench.of(ChannelStateChanged) if isinstance(event, ChannelStateChanged)] == [True]
    book = bench.pool.book("A/USD")
    assert book is not None
    assert book.update_id == books[-1].update_id
    assert [event.seq for event in books] == sorted({event.seq for event in books})
    await bench.pool.close()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("foxtrot")] == []


async def test_a_quiet_market_is_handed_over_too() -> None:
    bench = Bench(1)
    await bench.pool.subscribe([BOOK, TRADES])
    await bench.clock.advance(LIFE_S - 1)
    assert len(bench.venue.sockets) == 2
    assert [socket.open for socket in bench.venue.sockets] == [False, True]
    book = bench.pool.book("A/USD")
    assert book is not None
    assert book.synced  # although nothing ever changed
    await bench.run(5)
    assert len(bench.of(Trade)) >= 7
    await bench.pool.close()


async def test_without_a_new_connection_the_old_one_serves_until_it_is_cut() -> None:
    bench = Bench(2)
    await bench.pool.subscribe([BOOK, TRADES])
    await bench.run(1)
    bench.venue.refuse = 1_000
    await bench.run(int(LIFE_S) - 2)
    trades = [event.trade_id for event in bench.of(Trade) if isinstance(event, Trade)]
    assert trades == list(range(101, 101 + len(trades)))
    assert len(trades) >= LIFE_S * 2 - 10
    bench.venue.refuse = 0
    await bench.run(120)
    ups = [event.up for event in bench.of(ChannelStateChanged) if isinstance(event, ChannelStateChanged)]
    assert (ups[0], ups[-1], False in ups) == (True, True, True)
    await bench.pool.close()


async def test_a_cut_while_both_are_open_loses_no_book_and_no_subscription() -> None:
    bench = Bench(3)
    await bench.pool.subscribe([BOOK, TRADES])
    await bench.run(10)
    while len(bench.venue.queues) < 2:
        await bench.run(1)
    bench.venue.sockets[0].cut("too early")
    await bench.run(20)
    trades = [event.trade_id for event in bench.of(Trade) if isinstance(event, Trade)]
    assert len(trades) == len(set(trades))
    assert trades[-1] >= bench.venue.last_id - bench.venue.lag
    books = [event for event in bench.events if isinstance(event, BookUpdated | BookInvalidated)]
    after = next((n for n, event in enumerate(books) if isinstance(event, BookInvalidated)), None)
    assert after is None or books[after + 1].snapshot  # type: ignore[union-attr]  # else it would be another mark
    assert sum(socket.open for socket in bench.venue.sockets) == 1
    await bench.pool.close()


async def test_who_unsubscribes_during_the_change_hears_nothing_afterwards() -> None:
    bench = Bench(4)
    await bench.pool.subscribe([BOOK, TRADES])
    await bench.run(10)
    while len(bench.venue.queues) < 2:
        await bench.run(1)
    await bench.pool.unsubscribe([BOOK])
    await bench.run(60)
    assert bench.pool.book("A/USD") is None
    asked = [json.loads(frame) for frame in bench.venue.sockets[-1].sent]
    assert any("unsub" in json.dumps(request) for request in asked)
    await bench.pool.close()
