"""The historical data manager: candles of any range, past trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from foxtrot.capabilities import Capability
from foxtrot.errors import InvalidRequest
from foxtrot.managers.candle_pages import PAGE, CandlePages
from foxtrot.managers.candle_range import CandleRange, candle_range, require_limit
from foxtrot.managers.trade_pages import TradePages
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import Bar, HistoryGap, Trade
from foxtrot.model.intervals import count_opens, floor_open, missing, next_open
from foxtrot.model.times import TimeLike

Progress = Callable[[int, int], None]  # candles so far, candles expected


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

        With `start` and `limit` they are the first `limit` that there are from start on; without `start` the newest
        `limit` (500 by default) before `end`. The running candle is left out unless `unfinished`; nothing is asked for
        that has not begun. What is missing, at an edge or in between, is asked for once more, and told as HistoryGap
        when the venue does not have it. `progress` hears how many candles there are and how many are expected; both
        are the same at the end. Raises InvalidRequest for a bad interval, range or limit, UnknownSymbol, ProtocolError
        when the venue keeps on telling different candles for one time.
        """
        self._wiring.require(Capability.FETCH_OHLCV)
        self._wiring.contract(symbol)
        now = self._wiring.clock.time_ns()
        wanted = candle_range(interval, start, end, limit, now, unfinished=unfinished)
        self._wiring.require_interval(interval)
        told = _Told(progress or _nothing, wanted.count)
        found = await self._fetched(symbol, wanted, told) if wanted.start <= wanted.end else {}
        bars = [_finished_by(found[opened], now) for opened in sorted(found)]
        kept = _limited([bar for bar in bars if unfinished or bar.closed], wanted)
        told.end(len(kept))
        return kept

    async def fetch_trades(self, symbol: str, *, from_id: str, limit: int = 1_000) -> list[Trade]:
        """Fetch past public trades from trade id `from_id` (inclusive) on, oldest first, paged as needed.

        Raises InvalidRequest for an id that is not written in digits, and for a bad limit.
        """
        wiring = self._wiring
        wiring.require(Capability.FETCH_TRADES)
        require_limit(limit)
        if not (isinstance(from_id, str) and from_id.isascii() and from_id.isdecimal()):
            raise InvalidRequest(
                f"from_id must be a trade id as text, such as '12345', not {from_id!r}.", field="from_id"
            )
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

    def tell_gap(self, symbol: str, interval: str, first: int, last: int, reason: str) -> None:
        """Publish that the venue has no candles that open in first..last (ns)."""
        wiring = self._wiring
        now, seq = wiring.clock.time_ns(), wiring.next_seq()
        wiring.publish(HistoryGap(wiring.exchange, symbol, 0, now, seq, interval, first, last, reason))

    async def _fetched(self, symbol: str, wanted: CandleRange, told: _Told) -> dict[int, Bar]:
        """Fetch by pages, ask again for what is missing, and tell what is missing still."""
        contract = self._wiring.contract(symbol)
        pages = CandlePages(self._wiring, contract, wanted.interval, wanted.closed_by, told.add)
        begin: int | None = wanted.start
        if wanted.from_start and wanted.limit is not None:
            # One more than counted: the venue's candles may open at other times than ours.
            bars = await pages.first(wanted.start, wanted.end, min(wanted.limit, wanted.count + 1))
        else:
            begin = await pages.begin(wanted.start, wanted.end)
            told.expected = count_opens(max(begin or 0, wanted.first), wanted.last, wanted.interval)
            bars = {} if begin is None else await pages.read(begin, wanted.end)
        if begin is not None:
            bars = await pages.again(_gaps(bars, wanted)) | bars
        for first, last in _gaps(bars, wanted):
            self.tell_gap(symbol, wanted.interval, first, last, gap_reason(bars, first, last))
        return bars


class _Told:
    """Tell somebody how far it has come."""

    def __init__(self, progress: Progress, expected: int) -> None:
        self.expected = expected
        self._progress = progress
        self._opens: set[int] = set()
        self._last = (-1, -1)

    def add(self, opens: Iterable[int]) -> None:
        """Count the candles of a page."""
        self._opens.update(opens)
        self._tell(len(self._opens), max(self.expected, len(self._opens)))

    def end(self, count: int) -> None:
        """Say that so many are all."""
        self._tell(count, count)

    def _tell(self, done: int, expected: int) -> None:
        if (done, expected) != self._last:
            self._last = done, expected
            self._progress(done, expected)


def gap_reason(opens: Iterable[int], first: int, last: int) -> str:
    """Say where a gap lies among the candles that the venue gave."""
    known = sorted(opens)
    if not known:
        return "the venue gives no candle of this range"
    if last < known[0]:
        return "the first candle that the venue gives of this range is a later one"
    if first > known[-1]:
        return "the last candle that the venue gives of this range is an earlier one"
    return "the venue leaves them out"


def _gaps(bars: dict[int, Bar], wanted: CandleRange) -> list[tuple[int, int]]:
    """Return what is missing of the candles that are over; behind as many as were wanted nothing is."""
    opens, last = sorted(bars), wanted.last_over
    if wanted.from_start and wanted.limit is not None and len(opens) >= wanted.limit:
        opens = opens[: wanted.limit]
        last = min(last, floor_open(opens[-1], wanted.interval))
    return missing(opens, wanted.first, last, wanted.interval)


def _limited(bars: list[Bar], wanted: CandleRange) -> list[Bar]:
    if wanted.limit is None:
        return bars
    return bars[: wanted.limit] if wanted.from_start else bars[-wanted.limit :]


def _nothing(done: int, expected: int) -> None:
    """Tell nobody."""


def _finished_by(bar: Bar, now: int) -> Bar:
    """Mark a candle as closed by our clock: candle replies do not carry a flag."""
    closed = next_open(bar.open_time, bar.interval) <= now
    if bar.closed == closed:
        return bar
    values = {name: getattr(bar, name) for name in bar.__struct_fields__}
    return Bar(**{**values, "closed": closed})
