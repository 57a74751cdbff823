"""Candles of one contract, page by page; what two pages share must be the same in both."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterable, Sequence

from foxtrot.errors import ProtocolError
from foxtrot.managers.wiring import Wiring
from foxtrot.model.contract import Contract
from foxtrot.model.events import Bar
from foxtrot.model.intervals import count_opens, floor_open, interval_ns, next_open, step_open
from foxtrot.model.times import to_iso

PAGE = 1_000
_AT_ONCE = 4  # pages; the limiter paces them
_LONG = 3  # pages: of a longer range the beginning is looked for first
_SCATTERED = 5  # holes a page: of more, whole pages are asked for again
Span = tuple[int, int]  # first and last opening time, ns, inclusive
Seen = Callable[[Iterable[int]], None]  # hears the opening times of each page


class CandlePages:
    """Read candles of one contract and interval.

    Pages share one candle, and so do the parts of a page where the venue's own pages are smaller. Where a shared one
    that was over by `closed_by` (ns) differs, its pages are read once more; then ProtocolError is raised.
    """

    def __init__(self, wiring: Wiring, contract: Contract, interval: str, closed_by: int, seen: Seen) -> None:
        self._wiring = wiring
        self._contract = contract
        self._interval = interval
        self._closed_by = closed_by
        self._seen = seen

    async def begin(self, start: int, end: int) -> int | None:
        """Return from where on to ask: in a long range from where the venue's candles begin, None without any."""
        if end - start <= _LONG * PAGE * interval_ns(self._interval):
            return start
        for _ in range(2):
            page = await self._ask(start, end, 1)
            if page:
                return max(start, page[0].open_time)
        return None

    async def read(self, start: int, end: int) -> dict[int, Bar]:
        """Return the candles that open in start..end, by opening time; pages are fetched side by side."""
        spans = _spans(start, end, self._interval)
        pages = [_Page(span, self._closed_by) for span in spans]
        turn = asyncio.Semaphore(_AT_ONCE)

        async def fill(page: _Page) -> None:
            async with turn:
                await self._fill(page)

        await _all_of([fill(page) for page in pages])
        torn = _torn(pages)
        for index in torn:
            pages[index] = _Page(spans[index], self._closed_by)
            await self._fill(pages[index])
        if torn:
            self._require_whole(pages)
        return {opened: bar for page in pages for opened, bar in page.bars.items()}

    async def first(self, start: int, end: int, count: int) -> dict[int, Bar]:
        """Return the first `count` candles that open in start..end: what lies behind them is not asked for."""
        page = _Page((start, end), self._closed_by)
        for _ in range(2):
            page = _Page((start, end), self._closed_by)
            await self._fill_first(page, count)
            if page.torn is None:
                break
        self._require_whole([page])
        return page.bars

    async def again(self, spans: Sequence[Span]) -> dict[int, Bar]:
        """Ask once more for what is missing; where that is in many places, for whole pages."""
        bars: dict[int, Bar] = {}
        if not spans:
            return bars
        if len(spans) > _SCATTERED * (1 + count_opens(spans[0][0], spans[-1][1], self._interval) // PAGE):
            whole = _spans(spans[0][0], spans[-1][1], self._interval)
            spans = [span for span in whole if any(a <= span[1] and b >= span[0] for a, b in spans)]
        for span in spans:
            page = _Page(span, self._closed_by)
            await self._fill(page)
            bars |= page.bars
        return bars

    async def _fill_first(self, page: _Page, count: int) -> None:
        """Read one request's worth, which tells where the candles go on, and so many of the others side by side."""
        cursor, end = page.span
        while len(page.bars) < count and cursor <= end and page.torn is None:
            if not page.take(await self._ask(cursor, end, min(PAGE, count - len(page.bars)))):
                break
            self._seen(page.bars)
            newest = max(page.bars)
            stop = min(end, step_open(newest, self._interval, count - len(page.bars)))
            if next_open(newest, self._interval) <= stop:
                page.take((await self.read(newest, stop)).values())
            cursor = next_open(floor_open(max(newest, stop), self._interval), self._interval)

    async def _fill(self, page: _Page) -> None:
        """Read one page, whatever the size of the venue's pages."""
        cursor, end = page.span
        while cursor <= end:
            if not page.take(await self._ask(cursor, end, PAGE)):
                break
            newest = max(page.bars)
            if next_open(newest, self._interval) > end:
                break
            cursor = newest
        self._seen(page.bars)

    async def _ask(self, start: int, end: int, size: int) -> list[Bar]:
        wiring = self._wiring
        return await wiring.call(wiring.open().rest.fetch_bars(self._contract, self._interval, start, end, size))

    def _require_whole(self, pages: Sequence[_Page]) -> None:
        for index in _torn(pages):
            page = pages[index]
            raise self._disagreement(page.span[0] if page.torn is None else page.torn)

    def _disagreement(self, opened: int) -> ProtocolError:
        return ProtocolError(
            f"{self._contract.symbol}: the venue gives the closed {self._interval} candles around {to_iso(opened)} "
            "differently each time they are asked for; nothing of this range can be trusted now. Ask again later.",
            exchange=self._wiring.exchange,
        )


class _Page:
    """Hold the candles of one page; `torn` is the opening time of one that came in two forms."""

    def __init__(self, span: Span, closed_by: int) -> None:
        self.span = span
        self.bars: dict[int, Bar] = {}
        self.torn: int | None = None
        self._closed_by = closed_by

    def take(self, answer: Iterable[Bar]) -> bool:
        """Add what belongs here; tell whether anything is new."""
        first, last = self.span
        known = len(self.bars)
        for bar in answer:
            if first <= bar.open_time <= last:
                before = self.bars.setdefault(bar.open_time, bar)
                if before is not bar and _differ(before, bar, self._closed_by):
                    self.torn = bar.open_time
        return len(self.bars) > known

    def disagrees(self, other: _Page) -> bool:
        """Tell whether a candle that both have differs."""
        shared = self.bars.keys() & other.bars.keys()
        return any(_differ(self.bars[opened], other.bars[opened], self._closed_by) for opened in shared)


def _torn(pages: Sequence[_Page]) -> list[int]:
    """Return which pages hold a candle that came in two forms, in themselves or beside the next."""
    torn = {index for index, page in enumerate(pages) if page.torn is not None}
    for index, (page, following) in enumerate(itertools.pairwise(pages)):
        if page.disagrees(following):
            torn |= {index, index + 1}
    return sorted(torn)


def _differ(one: Bar, other: Bar, closed_by: int) -> bool:
    """Tell whether two forms of a candle that is over disagree."""
    over = next_open(one.open_time, one.interval) <= closed_by
    return over and repr(_figures(one)) != repr(_figures(other))


def _figures(bar: Bar) -> tuple[float, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume, bar.trades


def _spans(first: int, last: int, interval: str) -> list[Span]:
    """Cut a range into pages, each of which ends with the candle that the next begins with."""
    spans, start = list[Span](), first
    while (stop := step_open(floor_open(start, interval), interval, PAGE - 1)) < last:
        spans.append((start, stop))
        start = stop
    return [*spans, (start, last)]


async def _all_of(works: list[Coroutine[object, object, None]]) -> None:
    """Run all side by side; when one fails the others are ended."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
