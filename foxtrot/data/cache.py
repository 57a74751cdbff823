"""Candles on disk: what is past does not change, so it is fetched once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from foxtrot.data.candle_files import CandleFiles, Hole, Span
from foxtrot.data.tables import Tables, in_path
from foxtrot.errors import ConfigError
from foxtrot.exchange import BaseExchange
from foxtrot.managers.candle_range import CandleRange, candle_range
from foxtrot.managers.history import Progress
from foxtrot.model.events import Bar
from foxtrot.model.intervals import missing, next_open, step_open
from foxtrot.model.times import NS_PER_S, TimeLike, to_iso

_SETTLED = 2  # candles after which nothing changes any more
_SCATTERED = 20  # holes: of more, all are asked for in one range
_NAME = re.compile(r"\w[\w.-]*", re.ASCII)


class BarCache:
    """Fetch candles through a folder of Parquet files: <exchange>/<environment>/<symbol>/<interval>/.

    What is on disk is not asked for, everything else is, and a candle is kept once nothing changes it any more. What
    the venue did not have, asked twice, is told as HistoryGap each time, and asked for again `holes_for_s` later.

    Candles of a sandbox are made up, anew by each that is started: they pass through, and nothing is kept, unless
    `sandbox` names the one in use, as the caller knows it for the same as before. Raises ConfigError where pyarrow is
    missing.
    """

    def __init__(self, folder: Path, *, sandbox: str = "", holes_for_s: float = 3_600.0) -> None:
        if sandbox and _NAME.fullmatch(sandbox) is None:
            raise ConfigError(f"sandbox must be a name of letters, digits, '.', '_' and '-', not {sandbox!r}.")
        self._tables = Tables()
        self._folder = folder
        self._sandbox = sandbox
        self._holes_for_ns = int(holes_for_s * NS_PER_S)

    async def fetch_ohlcv(
        self,
        exchange: BaseExchange,
        symbol: str,
        interval: str = "1m",
        *,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        limit: int | None = None,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> list[Bar]:
        """Return what `BaseExchange.fetch_ohlcv` does, from disk where it is there.

        Raises ConfigError for a file that cannot be read or written, and what `BaseExchange.fetch_ohlcv` raises.
        """
        place = self._place(exchange)
        if not place:
            return await exchange.fetch_ohlcv(
                symbol, interval, start=start, end=end, limit=limit, unfinished=unfinished, progress=progress
            )
        exchange.contracts.get(symbol)
        now = exchange.clock.time_ns()
        wanted = candle_range(interval, start, end, limit, now, unfinished=unfinished)
        # Not every disk tells "1M" from "1m".
        folder = self._folder / exchange.name / place / in_path(symbol) / interval.replace("M", "mo")
        files = CandleFiles(self._tables, folder, exchange.name, symbol, interval)
        reading = _Reading(exchange, symbol, wanted, files, now - self._holes_for_ns, unfinished, progress)
        return await reading.all()

    def _place(self, exchange: BaseExchange) -> str:
        """Return where the candles come from, as a folder's name; "" where it cannot be told."""
        if exchange.config.environment == "sandbox" or exchange.access.endpoints.redirect:
            return self._sandbox and f"sandbox-{self._sandbox}"
        return exchange.config.environment


class _Reading:
    """Answer one question: from the files, and from the venue what they lack."""

    def __init__(
        self,
        exchange: BaseExchange,
        symbol: str,
        wanted: CandleRange,
        files: CandleFiles,
        holes_since: int,
        unfinished: bool,
        progress: Progress | None,
    ) -> None:
        self._exchange = exchange
        self._symbol = symbol
        self._wanted = wanted
        self._files = files
        self._holes_since = holes_since
        self._unfinished = unfinished
        self._progress = progress
        self._bars: dict[int, Bar] = {}
        # The newest candle that nothing changes any more.
        self._settled = step_open(wanted.last_closed, wanted.interval, -_SETTLED)

    async def all(self) -> list[Bar]:
        """Return the candles, ascending."""
        wanted, stop = self._wanted, self._wanted.last
        if wanted.from_start and wanted.limit is not None and wanted.count:
            stop = step_open(wanted.first, wanted.interval, wanted.count - 1)
        await self._between(wanted.first, stop)
        if stop < wanted.last and len(self._bars) < wanted.count:
            await self._fetch((next_open(stop, wanted.interval), wanted.last), wanted.count - len(self._bars))
        bars = [self._bars[opened] for opened in sorted(self._bars)]
        if self._progress is not None:
            self._progress(len(bars), len(bars))
        return bars

    async def _between(self, first: int, last: int) -> None:
        self._bars = self._files.bars(first, last)
        gaps = missing(sorted(self._bars), first, last, self._wanted.interval)
        known = self._files.holes(first, last, self._holes_since)
        asked = _without(gaps, known, self._wanted.interval)
        if len(asked) > _SCATTERED:
            asked = [(asked[0][0], asked[-1][1])]
            known = [hole for hole in known if hole.last < asked[0][0] or hole.first > asked[0][1]]
        for span in asked:
            await self._fetch(span, None)
        for hole in known:
            for a, b in gaps:
                if hole.first <= b and hole.last >= a:
                    self._tell(max(a, hole.first), min(b, hole.last), hole.asked_ns)

    async def _fetch(self, span: Span, limit: int | None) -> None:
        """Ask the venue, which tells what it does not have, and keep its answer."""
        progress = None if self._progress is None else self._told(self._progress)
        first, last = span
        bars = await self._exchange.fetch_ohlcv(
            self._symbol,
            self._wanted.interval,
            start=first,
            end=last,
            limit=limit,
            unfinished=self._unfinished,
            progress=progress,
        )
        self._bars |= {bar.open_time: bar for bar in bars}
        proved = min(last if limit is None or not bars else bars[-1].open_time, self._settled)
        settled = [bar for bar in bars if bar.open_time <= self._settled]
        gone = missing([bar.open_time for bar in settled], first, proved, self._wanted.interval)
        self._files.keep(settled, (first, proved), gone, self._wanted.closed_by, self._holes_since)

    def _told(self, progress: Progress) -> Progress:
        before, expected = len(self._bars), self._wanted.count
        return lambda done, _: progress(before + done, max(before + done, expected))

    def _tell(self, first: int, last: int, asked_ns: int) -> None:
        reason = f"the venue did not have them when it was asked, at {to_iso(asked_ns)}"
        self._exchange.history.tell_gap(self._symbol, self._wanted.interval, first, last, reason)


def _without(gaps: Iterable[Span], holes: Iterable[Hole], interval: str) -> list[Span]:
    """Return what is left of gaps when the holes that are known are taken out of them."""
    left = list(gaps)
    for hole in holes:
        left = [
            part
            for a, b in left
            for part in ((a, min(b, step_open(hole.first, interval, -1))), (max(a, next_open(hole.last, interval)), b))
            if part[0] <= part[1]
        ]
    return left
