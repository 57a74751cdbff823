"""A day of market in minutes: `python -m foxtrot.testkit.day --exchange NAME --rate 20 --hours 25`.

An exchange follows trades, quotes and the book of a simulated market under a virtual clock, longer than the venue lets
a connection live. In the end it is told what was promised and what came of it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator

import msgspec

from foxtrot.model.events import BookInvalidated, ChannelStateChanged, Event, StreamStale, Trade, TradesMissed
from foxtrot.plugins import default_registry
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.shares import installed

_CHECK_S = 600.0
_WARM_S = 4 * 3_600.0
_SETTLE_S = 3.0


class Report(msgspec.Struct, kw_only=True):
    """What became of a day. Growth is that of objects alive and of the greatest memory, since the first hours."""

    hours: float
    events: int
    trades: int
    checks: int
    connections: int
    objects_growth_percent: float
    memory_growth_percent: float
    real_s: float
    broken: list[str]

    def lines(self) -> Iterator[str]:
        """Yield the report as text."""
        yield f"{self.hours:g} h of market in {self.real_s:.0f} s: {self.events} events, {self.trades} trades"
        yield f"{self.checks} books compared with the venue's; {self.connections} connections, one after the other"
        yield f"objects alive {self.objects_growth_percent:+.1f} %, memory {self.memory_growth_percent:+.1f} %"
        yield from self.broken or ["nothing broken"]


class Day:
    """Live through some hours and compare."""

    def __init__(self, exchange: str, rate: float) -> None:
        self._rate = rate
        self._desk = Desk(exchange, rate=rate)
        self._desk.exchange.engine.subscribe_all(self._hear)
        self._counts: Counter[str] = Counter()
        self._last = 0
        self._broken: list[str] = []
        self._sockets: set[int] = set()
        self._checks = 0

    async def live(self, hours: float) -> Report:
        """Follow the market for so long."""
        desk, started = self._desk, time.monotonic()
        await desk.run(desk.exchange.connect())
        for subscribe in (
            desk.exchange.subscribe_trades,
            desk.exchange.subscribe_quotes,
            desk.exchange.subscribe_order_book,
        ):
            await desk.run(subscribe(desk.symbol))
        warm, now = (0, 0), _size()
        while desk.clock.monotonic() < hours * 3_600:
            await self._pass()
            now = _size()
            if desk.clock.monotonic() <= _WARM_S:
                warm = now
        self._compare_trades()
        await desk.close()
        return Report(
            hours=hours,
            events=sum(self._counts.values()),
            trades=self._counts["Trade"],
            checks=self._checks,
            connections=len(self._sockets),
            objects_growth_percent=100 * (now[0] / max(warm[0], 1) - 1),
            memory_growth_percent=100 * (now[1] / max(warm[1], 1) - 1),
            real_s=time.monotonic() - started,
            broken=self._broken,
        )

    async def _pass(self) -> None:
        """Let ten minutes pass, then stop the market for a moment and compare the books."""
        desk = self._desk
        desk.world.stage.flow.rate = self._rate
        await desk.clock.advance(_CHECK_S)
        desk.world.stage.flow.rate = 0
        await desk.clock.advance(_SETTLE_S)
        self._sockets |= {id(socket) for socket in desk.world.sockets}
        self._checks += 1
        book = desk.exchange.market_data.order_book(desk.symbol)
        _, bids, asks = desk.world.venue.depth(desk.symbol, 5_000)
        theirs = ([(float(p), float(q)) for p, q in bids], [(float(p), float(q)) for p, q in asks])
        if book is None or (list(book.bids), list(book.asks)) != theirs:
            self._broken.append(f"the book is not the venue's after {desk.clock.monotonic():.0f} s")

    def _hear(self, event: Event) -> None:
        self._desk.heard.clear()  # a day is too long to be remembered
        self._counts[type(event).__name__] += 1
        if isinstance(event, Trade):
            if self._last and event.trade_id != self._last + 1:
                self._broken.append(f"trade {event.trade_id} follows {self._last}")
            self._last = int(event.trade_id)
        elif isinstance(event, BookInvalidated | StreamStale | TradesMissed) or (
            isinstance(event, ChannelStateChanged) and not event.up
        ):
            self._broken.append(f"after {self._desk.clock.monotonic():.0f} s: {event}")

    def _compare_trades(self) -> None:
        (*_, newest) = self._desk.world.venue.trades(self._desk.symbol)
        if self._last != newest.trade_id:
            self._broken.append(f"the last trade heard is {self._last}, the venue's {newest.trade_id}")


def _size() -> tuple[int, int]:
    gc.collect()
    return len(gc.get_objects()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Live through a day and print what came of it; the exit code is 1 when something broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    known = [spec.name for spec in installed()]
    parser.add_argument("--exchange", choices=known, default=default_registry().preferred().name)
    parser.add_argument("--rate", type=float, default=20, help="market actions a second")
    parser.add_argument("--hours", type=float, default=25)
    given = parser.parse_args()
    report = asyncio.run(Day(given.exchange, given.rate).live(given.hours))
    sys.stdout.write("\n".join(report.lines()) + "\n")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
