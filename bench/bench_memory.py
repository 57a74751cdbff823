"""Measure whether memory stays flat: `python bench/bench_memory.py [--hours 1] [--rate 1000]`.

An hour of trades, quotes and book diffs of ten symbols runs through pool, driver, session, books and engine to a user's
callback, on a virtual clock and an in-memory socket. Compared are the resident set and the interpreter's allocated
blocks after the first tenth with those at the end. The books' price levels come from a fixed range, as a real book's
stay around the market; nothing else bounds what might pile up.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
from pathlib import Path
from typing import Any

from memory_streams import make_pool
from wire_frames import SYMBOLS, snapshot, wrapped
from wire_frames import payload as make_payload

from foxtrot.engine.bus import EventEngine
from foxtrot.model.events import BookInvalidated, MarketEvent
from foxtrot.protocol.messages import BookSnapshot, Channel, ChannelKind
from foxtrot.testkit.clock import VirtualClock
from foxtrot.testkit.net import MemoryConnector

KINDS = {"trade": ChannelKind.TRADES, "quote": ChannelKind.QUOTES, "depth": ChannelKind.BOOK}
_WARM_UP = 0.1


class Soak:
    """Hold the product's public streams without their socket."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.connector = MemoryConnector()
        self.engine = EventEngine(self.clock)
        self.seen = 0
        self.engine.subscribe(MarketEvent, self._count)
        self.pool = make_pool(SYMBOLS, self.connector, self.clock, self.engine.publish, self._snapshot)

    async def start(self) -> None:
        """Subscribe to everything."""
        channels = [Channel(kind, symbol) for kind in KINDS.values() for symbol in SYMBOLS]
        waiting = asyncio.create_task(self.pool.subscribe(channels))
        answered = 0
        while not waiting.done():
            await self.clock.advance(0.3)
            sent = self.connector.last.sent if self.connector.sockets else []
            for frame in sent[answered:]:
                self.connector.last.say(json.dumps({"result": None, "id": json.loads(frame)["id"]}))
            answered = len(sent)
        await waiting
        await self.clock.advance(2.0)

    async def run(self, seconds: int, rate: int, first: int) -> int:
        """Let time pass; return the number of the next message."""
        say, kinds = self.connector.last.say, list(KINDS)
        for _ in range(seconds):
            for number in range(first, first + rate):
                kind, turn = kinds[number % len(kinds)], number // len(kinds)
                say(wrapped(kind, turn, make_payload(kind, turn)))
            first += rate
            await self.clock.advance(1.0)
        return first

    def _count(self, event: MarketEvent) -> None:
        if isinstance(event, BookInvalidated):
            raise SystemExit(f"a book was lost: {event.reason}")
        self.seen += 1

    async def _snapshot(self, symbol: str) -> BookSnapshot:
        found = json.loads(snapshot())
        bids, asks = ([(float(price), float(size)) for price, size in found[side]] for side in ("bids", "asks"))
        return BookSnapshot(symbol, self.clock.time_ns(), found["lastUpdateId"], bids, asks)


def weigh() -> dict[str, int]:
    """Return what this process holds now."""
    gc.collect()
    found = {"blocks": sys.getallocatedblocks()}
    status = Path("/proc/self/statm")
    if status.exists():
        found["rss_pages"] = int(status.read_text("ascii").split()[1])
    return found


async def measure(seconds: int, rate: int) -> dict[str, Any]:
    """Return growth in percent."""
    soak = Soak()
    await soak.start()
    warm = max(int(seconds * _WARM_UP), 1)
    first = await soak.run(warm, rate, 0)
    before, seen = weigh(), soak.seen
    await soak.run(seconds - warm, rate, first)
    after = weigh()
    sent = (seconds - warm) * rate
    growth = {f"{name}_growth_percent": 100 * (after[name] / before[name] - 1) for name in before}
    await soak.pool.close()
    return growth | {"messages": sent, "delivered": (soak.seen - seen) / sent}


def main(argv: list[str]) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second")
    parser.add_argument("--json", action="store_true", help="print the results once more as one line of JSON")
    given = parser.parse_args(argv)
    found = asyncio.run(measure(int(given.hours * 3_600), given.rate))
    print("| after warm-up | |\n|---|---|")
    for name, value in found.items():
        print(f"| {name.replace('_', ' ')} | {value:.2f} |")
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
