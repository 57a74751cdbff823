"""The historical data manager: candles of any range, past trades."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest
from foxtrot.managers.trade_pages import TradePages
from foxtrot.managers.wiring import Wiring
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, HistoryGap, Trade
from foxtrot.model.intervals import floor_open, holes, interval_ns, next_open
from foxtrot.model.times import TimeLike, to_ns

Progress = Callable[[int, int], None]  # candles so far, candles expected
PAGE = 1_000
_AT_ONCE = 4  # pages; the limiter paces them
_LONG = 3  # pages: of a longer range the beginning is looked for first


class HistoricalManager:
    """Page through the venue's history."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._trades = TradePages(wiring)

    async def fetch_ohlcv(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        limit: int | None = None,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> list[Bar]:
        """Fetch candles that open in start..end (inclusive), ascending, without duplicates, paged as needed.

        What is missing between candles is asked for once more, and told as HistoryGap when the venue does not have it.

        Without `start` the latest `limit` (500 by default) before `end`. The running candle is left out unless
        `unfinished`. Raises InvalidRequest for a bad interval or range, UnknownSymbol.
        """
        wiring = self._wiring
        wiring.require(Capability.FETCH_OHLCV)
        contract = wiring.contract(symbol)
        first, last = self._range(interval, start, end, limit)
        wiring.require_interval(interval)
        bars = await self._pages(contract, interval, first, last, progress)
        finished = [bar for bar in bars if unfinished or bar.closed]
        return finished if limit is None else finished[:limit] if start is not None else finished[-limit:]

    async def fetch_trades(self, symbol: str, *, from_id: str, limit: int = 1_000) -> list[Trade]:
        """Fetch past public trades from trade id `from_id` (inclusive) on, oldest first, paged as needed.

        Raises InvalidRequest for a limit below 1, or what is no id.
        """
        wiring = self._wiring
        wiring.require(Capability.FETCH_TRADES)
        if limit < 1:
            raise InvalidRequest(f"limit must be at least 1, not {limit}.", field="limit")
        if not (from_id.isascii() and from_id.isdigit()):
            raise InvalidRequest(f"from_id must be the number of a trade, not {from_id!r}.", field="from_id")
        contract = wiring.contract(symbol)
        trades: list[Trade] = []
        while len(trades) < limit:
            size = min(PAGE, limit - len(trades))
            page = await self._trades.read(contract, size, from_id)
            trades += page
            if len(page) < size:
                break
            from_id = str(int(page[-1].trade_id) + 1)
        return trades

    def _range(self, interval: str, start: TimeLike | None, end: TimeLike | None, limit: int | None) -> tuple[int, int]:
        if limit is not None and limit < 1:
            raise InvalidRequest(f"limit must be at least 1, not {limit}.", field="limit")
        length = interval_ns(interval)
        last = self._wiring.clock.time_ns() if end is None else to_ns(end, "end")
        # One more than asked for: the newest candle may be unfinished and is then left out.
        first = last - (limit or 500) * length - length if start is None else to_ns(start, "start")
        if first > last:
            raise InvalidRequest(f"start must not be after end ({start!r} > {end!r}).", field="start")
        return first, last

    async def _pages(
        self, contract: Contract, interval: str, first: int, last: int, progress: Progress | None
    ) -> list[Bar]:
        """Fetch pages side by side, as many at once as the rate budget bears; ask again for what is missing."""
        wanted, bars = _Wanted(self._wiring, contract, interval), dict[int, Bar]()
        ranges = _ranges(await wanted.begin(first, last), last, interval)
        expected = (last - first) // interval_ns(interval) + 1
        turn = asyncio.Semaphore(_AT_ONCE)

        async def page(start: int, end: int) -> None:
            async with turn:
                bars.update(await wanted.between(start, end))
            if progress is not None:
                progress(len(bars), max(expected, len(bars)))

        await _all_of([page(start, end) for start, end in ranges])
        for start, end in holes(sorted(bars), interval):
            bars.update(await wanted.between(start, end))
        for start, end in holes(sorted(bars), interval):
            self._tell_gap(contract.symbol, interval, start, end)
        now = self._wiring.clock.time_ns()
        return [_finished_by(bars[open_time], now) for open_time in sorted(bars)]

    def _tell_gap(self, symbol: str, interval: str, first: int, last: int) -> None:
        wiring = self._wiring
        now, seq = wiring.clock.time_ns(), wiring.next_seq()
        wiring.publish(HistoryGap(wiring.exchange, symbol, 0, now, seq, interval, first, last))


class _Wanted:
    """Ask for candles of one contract and interval."""

    def __init__(self, wiring: Wiring, contract: Contract, interval: str) -> None:
        self._wiring = wiring
        self._contract = contract
        self._interval = interval

    async def begin(self, first: int, last: int) -> int:
        """Return where the venue's history begins in a long range, so that nothing is asked for before."""
        if last - first <= _LONG * PAGE * interval_ns(self._interval):
            return first
        page = await self._ask(first, last, 1)
        return max(first, page[0].open_time) if page else first

    async def between(self, start: int, end: int) -> dict[int, Bar]:
        """Return the candles that open in start..end, whatever the size of the venue's pages."""
        bars: dict[int, Bar] = {}
        cursor = start
        while cursor <= end:
            page = await self._ask(cursor, end, PAGE)
            fresh = {bar.open_time: bar for bar in page if cursor <= bar.open_time <= end}
            if not fresh:
                break
            bars.update(fresh)
            cursor = next_open(floor_open(max(fresh), self._interval), self._interval)
        return bars

    async def _ask(self, start: int, end: int, size: int) -> list[Bar]:
        wiring = self._wiring
        return await wiring.call(wiring.open().rest.fetch_bars(self._contract, self._interval, start, end, size))


def _ranges(first: int, last: int, interval: str) -> list[tuple[int, int]]:
    """Cut a range into pages (first, last opening time, inclusive)."""
    if interval.endswith("M"):
        return [(first, last)]
    span = PAGE * interval_ns(interval)
    return [(start, min(start + span - 1, last)) for start in range(first, last + 1, span)]


async def _all_of(works: list[Coroutine[object, object, None]]) -> None:
    """Run all side by side; when one fails the others are ended."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _finished_by(bar: Bar, now: int) -> Bar:
    """Mark a candle as closed by our clock: candle replies do not carry a flag."""
    closed = next_open(bar.open_time, bar.interval) <= now
    if bar.closed == closed:
        return bar
    values = {name: getattr(bar, name) for name in bar.__struct_fields__}
    return Bar(**{**values, "closed": closed})
