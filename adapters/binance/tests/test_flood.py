"""A burst of trades through the whole path arrives complete, or its losses are counted by the policy chosen."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from foxtrot.config import RetryConfig
from foxtrot.engine.bus import EventEngine, Overflow, QueuePolicy
from foxtrot.io.pool import StreamPool
from foxtrot.model.contract import Contract
from foxtrot.model.events import Trade, TradesMissed
from foxtrot.protocol.codec import Endpoints
from foxtrot.protocol.messages import BookSnapshot, Channel, ChannelKind
from foxtrot.protocol.symbols import SymbolTable
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector
from foxtrot_binance.codec.stream import BinanceStreamCodec

FLOOD = 200_000
SYMBOL = "BTC/USDT"


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")


class Bench:
    def __init__(self) -> None:
        clock, next_seq = VirtualClock(), itertools.count(1).__next__
        symbols = SymbolTable("binanceus")
        symbols.load([Contract(exchange="binanceus", symbol=SYMBOL, venue_symbol="BTCUSDT", base="BTC", quote="USDT")])
        self.net, self.engine = MemoryConnector(), EventEngine(clock)
        self.pool = StreamPool(
            "binanceus",
            BinanceStreamCodec("binanceus", symbols, next_seq),
            Endpoints(rest="https://x", stream="wss://x"),
            self.net,
            clock,
            self.engine.publish,
            next_seq,
            self.snapshot,
            RetryConfig(),
            10.0,
        )

    async def snapshot(self, symbol: str) -> BookSnapshot:
        raise AssertionError("no book is wanted")

    async def subscribe(self) -> None:
        asking = asyncio.ensure_future(self.pool.subscribe([Channel(ChannelKind.TRADES, SYMBOL)]))
        await until(lambda: bool(self.net.sockets and self.net.last.sent))
        number = msgspec.json.decode(self.net.last.sent[0])["id"]
        self.net.last.say(msgspec.json.encode({"result": None, "id": number}))
        await asking

    def trade(self, number: int) -> None:
        self.net.last.say(
            b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":%d,"p":"61837.63","q":"0.02","T":1,'
            b'"m":true}}' % number
        )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.engine.start()
    await made.subscribe()
    yield made
    await made.pool.close()
    await made.engine.stop()


async def test_every_trade_of_a_flood_reaches_a_direct_callback_in_order(bench: Bench) -> None:
    heard: list[int | str] = []
    bench.engine.subscribe(Trade, lambda event: heard.append(event.trade_id))
    for number in range(FLOOD):
        bench.trade(number)
    assert heard == list(range(FLOOD))


async def test_what_a_slow_subscriber_misses_is_counted_and_the_others_miss_nothing(bench: Bench) -> None:
    slow: list[int | str] = []
    quick: list[int | str] = []
    bench.engine.subscribe(Trade, lambda event: quick.append(event.trade_id))
    missed: list[TradesMissed] = []
    bench.engine.subscribe(TradesMissed, missed.append)
    queued = bench.engine.subscribe(
        Trade, lambda event: slow.append(event.trade_id), queue=QueuePolicy(Overflow.DROP_OLDEST, 1_000)
    )
    for number in range(FLOOD):
        bench.trade(number)
        if number % 50_000 == 0:
            await asyncio.sleep(0)
    await until(lambda: not queued.pending)
    assert (len(quick), missed) == (FLOOD, [])
    assert queued.dropped > 0
    assert len(slow) + queued.dropped == FLOOD
    assert slow == sorted(slow, key=int)
    assert slow[-1] == FLOOD - 1
