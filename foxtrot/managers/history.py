"""The historical data manager: candles of any range, past trades."""

from __future__ import annotations

from collections.abc import Callable

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest
from foxtrot.managers.wiring import Wiring
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar, Trade
from foxtrot.model.intervals import floor_open, interval_ns, next_open
from foxtrot.model.times import TimeLike, to_ns

Progress = Callable[[int, int], None]  # candles so far, candles expected
PAGE = 1_000


class HistoricalManager:
    """Page through the venue's history."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

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

        Without `start` the latest `limit` (500 by default) before `end`. The running candle is left out unless
        `unfinished`. Raises InvalidRequest for a bad interval or range, UnknownSymbol.
        """
        wiring = self._wiring
        wiring.require(Capability.FETCH_OHLCV)
        contract = wiring.contract(symbol)
        first, last = self._range(interval, start, end, limit)
        bars = await self._pages(contract, interval, first, last, progress)
        finished = [bar for bar in bars if unfinished or bar.closed]
        return finished if limit is None else finished[:limit] if start is not None else finished[-limit:]

    async def fetch_trades(self, symbol: str, *, from_id: str, limit: int = 1_000) -> list[Trade]:
        """Fetch past public trades from trade id `from_id` (inclusive) on, oldest first, paged as needed."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_TRADES)
        contract = wiring.contract(symbol)
        trades: list[Trade] = []
        while len(trades) < limit:
            size = min(PAGE, limit - len(trades))
            page = await wiring.call(wiring.open().rest.fetch_trades(contract, size, from_id))
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
        rest = self._wiring.open().rest
        expected = (last - first) // interval_ns(interval) + 1
        bars: dict[int, Bar] = {}
        cursor = first
        while cursor <= last:
            page = await self._wiring.call(rest.fetch_bars(contract, interval, cursor, last, PAGE))
            fresh = {bar.open_time: bar for bar in page if cursor <= bar.open_time <= last}
            bars.update(fresh)
            if progress is not None:
                progress(len(bars), max(expected, len(bars)))
            if len(page) < PAGE or not fresh:
                break
            cursor = next_open(floor_open(max(fresh), interval), interval)
        now = self._wiring.clock.time_ns()
        return [_finished_by(bars[open_time], now) for open_time in sorted(bars)]


def _finished_by(bar: Bar, now: int) -> Bar:
    """Mark a candle as closed by our clock: candle replies do not carry a flag."""
    closed = next_open(bar.open_time, bar.interval) <= now
    if bar.closed == closed:
        return bar
    values = {name: getattr(bar, name) for name in bar.__struct_fields__}
    return Bar(**{**values, "closed": closed})
