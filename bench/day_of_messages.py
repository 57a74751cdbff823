"""Live through a day at 1,000 messages a second: `python bench/day_of_messages.py [--hours 25] [--rate 1000]`.

Trades, quotes and book diffs of ten symbols run through pool, driver, session, books and engine to a user's callback,
on a virtual clock and in-memory sockets, over the hour in which the connection is replaced. Told is whether each
message was heard exactly once, whether the books are the venue's in the end, and what memory did after the second hour.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from typing import Any

from bench_memory import weigh
from memory_streams import make_pool

from foxtrot.engine.bus import EventEngine
from foxtrot.model.events import BookUpdated, ChannelStateChanged, Event, Quote, Trade
from foxtrot.protocol.messages import BookSnapshot, Channel, ChannelKind
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector

_BASES = ("BTC", "ETH", "SOL", "LTC", "HBAR", "ADA", "XRP", "DOGE", "LINK", "DOT")
_KINDS = (ChannelKind.TRADES, ChannelKind.QUOTES, ChannelKind.BOOK)
_LEVELS, _BODIES, _CHANGES = 200, 97, 8
_WARM_H = 2


class Market:
    """What the venue says of one symbol; `bids` and `asks` are its book."""

    def __init__(self, base: str) -> None:
        name, chance = f"{base}USDT", random.Random(base)
        self.symbol, self.number = f"{base}/USDT", 0
        self.bids = {1_000.0 - level: 1.0 for level in range(_LEVELS)}
        self.asks = {1_001.0 + level: 1.0 for level in range(_LEVELS)}
        stream = f'{{"stream":"{name.lower()}@%s","data":{{"s":"{name}",%s}}}}'
        self._trade = stream % ("trade", '"e":"trade","E":1,"t":%d,"p":"1.5","q":"0.02","T":1,"m":true')
        self._quote = stream % ("bookTicker", '"u":%d,"b":"1.0","B":"3.7","a":"2.0","A":"1.5"')
        head = '"e":"depthUpdate","E":1,"U":%d,"u":%d,"b":['
        self._changes = [self._change(chance) for _ in range(_BODIES)]
        self._depths = [
            (stream % ("depth@100ms", head + _rows(b) + '],"a":[' + _rows(a) + "]")).encode() for b, a in self._changes
        ]
        self._trade_frame, self._quote_frame = self._trade.encode(), self._quote.encode()

    def say(self) -> tuple[bytes, bytes, bytes]:
        """Return one message of each kind and let the book be as they say."""
        self.number = n = self.number + 1
        bids, asks = self._changes[n % _BODIES]
        _apply(self.bids, bids)
        _apply(self.asks, asks)
        return self._trade_frame % n, self._quote_frame % n, self._depths[n % _BODIES] % (n, n)

    def _change(self, chance: random.Random) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        def side(best: float, step: int) -> list[tuple[float, float]]:
            levels = chance.sample(range(1, _LEVELS), _CHANGES)
            return [
                (best + step * level, 0.0 if chance.random() < 0.2 else chance.randrange(1, 99)) for level in levels
            ]

        return side(1_000.0, -1), side(1_001.0, 1)


def _rows(side: list[tuple[float, float]]) -> str:
    return ",".join(f'["{price}","{quantity}"]' for price, quantity in side)


def _apply(book: dict[float, float], side: list[tuple[float, float]]) -> None:
    for price, quantity in side:
        if quantity:
            book[price] = quantity
        else:
            book.pop(price, None)


class Day:
    """Hold the product's public streams without their sockets, and a market that never rests."""

    def __init__(self) -> None:
        self.clock, self.connector = VirtualClock(), MemoryConnector()
        self.engine = EventEngine(self.clock)
        self.engine.subscribe(Event, self._hear)
        self.markets = {f"{base}/USDT": Market(base) for base in _BASES}
        self.heard: Counter[tuple[type, str]] = Counter()
        self.wrong: list[str] = []
        self._answered: dict[int, int] = {}
        self.pool = make_pool(self.markets, self.connector, self.clock, self.engine.publish, self._snapshot)

    async def start(self) -> None:
        """Subscribe to everything."""
        asking = asyncio.create_task(self.pool.subscribe(Channel(k, s) for s in self.markets for k in _KINDS))
        while not asking.done():
            await self.clock.advance(0.3)
            self._answer()
        await asking
        await self.clock.advance(2)

    async def second(self, rounds: int) -> None:
        """Let each market speak so often, to every open connection, and a second pass."""
        for _ in range(rounds):
            sockets = [socket for socket in self.connector.sockets if socket.open]
            for market in self.markets.values():
                frames = market.say()
                for socket in sockets:
                    for frame in frames:
                        socket.say(frame)
        await self.clock.advance(1)
        self._answer()

    def _answer(self) -> None:
        for socket in self.connector.sockets:
            for frame in socket.sent[self._answered.get(id(socket), 0) :]:
                socket.say(json.dumps({"result": None, "id": json.loads(frame)["id"]}))
            self._answered[id(socket)] = len(socket.sent)

    async def _snapshot(self, symbol: str) -> BookSnapshot:
        market = self.markets[symbol]
        bids, asks = sorted(market.bids.items(), reverse=True), sorted(market.asks.items())
        return BookSnapshot(symbol, self.clock.time_ns(), market.number, bids, asks)

    def _hear(self, event: Event) -> None:
        kind = event.__class__
        if kind in (Trade, Quote, BookUpdated):
            number = event.trade_id if kind is Trade else event.update_id  # type: ignore[attr-defined]
            key = kind, event.symbol
            if self.heard[key] and number != self.heard[key] + 1 and not (kind is BookUpdated and event.snapshot):  # type: ignore[attr-defined]
                self.wrong.append(f"{kind.__name__} {event.symbol}: {number} follows {self.heard[key]}")
            self.heard[key] = number
        elif not isinstance(event, ChannelStateChanged) or not event.up:
            self.wrong.append(f"{self.clock.monotonic():.0f} s: {event}")

    def compare(self) -> None:
        """Look whether everything was heard, and each book is the market's."""
        for symbol, market in self.markets.items():
            book = self.pool.book(symbol)
            ours = None if book is None else (dict(book.levels()[0]), dict(book.levels()[1]))
            if ours != (market.bids, market.asks):
                self.wrong.append(f"the book of {symbol} is not the market's")
            for kind in (Trade, Quote, BookUpdated):
                if self.heard[kind, symbol] != market.number:
                    self.wrong.append(f"{kind.__name__} {symbol}: {self.heard[kind, symbol]} of {market.number} heard")


async def live(hours: float, rate: int) -> dict[str, Any]:
    """Return what came of it."""
    day, began, before = Day(), time.monotonic(), None
    await day.start()
    rounds = max(1, round(rate / len(_BASES) / len(_KINDS)))
    for second in range(int(hours * 3_600)):
        await day.second(rounds)
        if second == _WARM_H * 3_600:
            before = weigh()
    after = weigh()
    day.compare()
    sent = len(_KINDS) * sum(market.number for market in day.markets.values())
    found = {
        "hours": hours,
        "messages": sent,
        "connections": len(day.connector.sockets),
        "real_s": time.monotonic() - began,
    }
    if before is not None:
        found |= {f"{name}_growth_percent": 100 * (after[name] / before[name] - 1) for name in before}
    await day.pool.close()
    return found | {"wrong": day.wrong[:20]}


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=25.0)
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second")
    given = parser.parse_args()
    for name, value in asyncio.run(live(given.hours, given.rate)).items():
        print(f"{name:<24} {value if isinstance(value, list | int) else round(value, 2)}")


if __name__ == "__main__":
    main()
