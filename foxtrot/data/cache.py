"""Candles on disk: what is past does not change, so it is fetched once."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from foxtrot.data.export import COLUMNS
from foxtrot.data.tables import Tables, in_path
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import Bar
from foxtrot.model.intervals import floor_open, holes, interval_ns
from foxtrot.model.times import TimeLike, to_ns

_PAGE = 10_000  # candles in a file
_SETTLED = 2  # candles after which nothing changes any more


class BarCache:
    """Fetch candles through a folder of Parquet files, one per exchange, symbol, interval and 10,000 candles.

    Only files whose whole range is past, and that miss nothing in between, are written. Raises ConfigError where
    pyarrow is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._tables = Tables()
        self._folder = folder

    async def fetch_ohlcv(
        self, exchange: BaseExchange, symbol: str, interval: str, *, start: TimeLike, end: TimeLike | None = None
    ) -> list[Bar]:
        """Return the finished candles that open in start..end (inclusive), ascending, from disk where they are there.

        Raises ConfigError for a file that cannot be read or written, and what `BaseExchange.fetch_ohlcv` raises.
        """
        first = to_ns(start, "start")
        last = exchange.clock.time_ns() if end is None else to_ns(end, "end")
        exchange.contracts.get(symbol)
        if interval.endswith("M"):  # a file of months would never be past
            return await exchange.fetch_ohlcv(symbol, interval, start=first, end=last)
        bars: list[Bar] = []
        for on_disk, group in itertools.groupby(
            _files(first, last, interval), key=lambda opened: self._path(exchange, symbol, interval, opened).exists()
        ):
            files = list(group)
            if on_disk:
                for opened in files:
                    bars += self._read(exchange, symbol, interval, opened)
            else:
                bars += await self._fetched(exchange, symbol, interval, files)
        return [bar for bar in bars if first <= bar.open_time <= last]

    async def _fetched(self, exchange: BaseExchange, symbol: str, interval: str, files: list[int]) -> list[Bar]:
        """Fetch what belongs into files that follow each other, and write those whose time is over."""
        now, span = exchange.clock.time_ns(), _PAGE * interval_ns(interval)
        bars = await exchange.fetch_ohlcv(symbol, interval, start=files[0], end=min(files[-1] + span - 1, now))
        for opened in files:
            kept = [bar for bar in bars if opened <= bar.open_time < opened + span]
            over = opened + span + _SETTLED * interval_ns(interval) <= now
            if over and not holes([bar.open_time for bar in kept], interval):
                columns = {name: [getattr(bar, name) for bar in kept] for name in COLUMNS}
                self._tables.write(self._path(exchange, symbol, interval, opened), columns)
        return bars

    def _read(self, exchange: BaseExchange, symbol: str, interval: str, opened: int) -> list[Bar]:
        table = self._tables.read(self._path(exchange, symbol, interval, opened), list(COLUMNS))
        return [_bar(exchange.name, symbol, interval, row) for row in table.to_pylist()]

    def _path(self, exchange: BaseExchange, symbol: str, interval: str, opened: int) -> Path:
        return self._folder / exchange.name / in_path(symbol) / interval / f"{opened // 10**9}.parquet"


def _bar(exchange: str, symbol: str, interval: str, row: dict[str, Any]) -> Bar:
    return Bar(
        exchange,
        symbol,
        0,
        0,
        0,
        interval,
        row["open_time"],
        row["open"],
        row["high"],
        row["low"],
        row["close"],
        row["volume"],
        row["quote_volume"],
        row["trades"],
        closed=True,
    )


def _files(first: int, last: int, interval: str) -> range:
    """Return the opening times of the files that a range touches."""
    span, origin = _PAGE * interval_ns(interval), floor_open(0, interval)
    return range((first - origin) // span * span + origin, last + 1, span)
