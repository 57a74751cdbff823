"""The finished candles of one market and interval as Parquet files of 10,000 each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from foxtrot.data.export import COLUMNS
from foxtrot.data.tables import Tables
from foxtrot.errors import ConfigError
from foxtrot.model.events import Bar
from foxtrot.model.intervals import floor_open, interval_ns
from foxtrot.model.times import NS_PER_S

_PER_FILE = 10_000
_KEY = b"foxtrot"
Span = tuple[int, int]  # first and last opening time, ns, inclusive


class Hole(msgspec.Struct, frozen=True):
    """Remember that the venue did not have the candles that open in first..last when it was asked `asked_ns`."""

    first: int
    last: int
    asked_ns: int


class _Content(msgspec.Struct):
    """Hold what is in one file."""

    rows: dict[int, dict[str, Any]]
    holes: list[Hole]


class CandleFiles:
    """Read and write the candles of one folder; a file exists only where there is a candle.

    Raises ConfigError for a file that cannot be read or written.
    """

    def __init__(self, tables: Tables, folder: Path, exchange: str, symbol: str, interval: str) -> None:
        self._tables = tables
        self._folder = folder
        self._exchange = exchange
        self._symbol = symbol
        self._interval = interval
        self._read: dict[int, _Content] = {}  # by file, see `_file`

    def bars(self, first: int, last: int) -> dict[int, Bar]:
        """Return the candles that open in first..last, by opening time."""
        rows = (row for content in self._contents(first, last) for row in content.rows.values())
        return {row["open_time"]: self._bar(row) for row in rows if first <= row["open_time"] <= last}

    def holes(self, first: int, last: int, since_ns: int) -> list[Hole]:
        """Return what the venue did not have when it was asked after `since_ns`."""
        found = (hole for content in self._contents(first, last) for hole in content.holes)
        return [hole for hole in found if hole.asked_ns > since_ns and hole.first <= last and hole.last >= first]

    def keep(self, bars: Iterable[Bar], asked: Span, missing: Iterable[Span], now_ns: int, since_ns: int) -> None:
        """Write what the venue answered for a range: its candles, and what it did not have."""
        first, last = asked
        changed: set[int] = set()
        for bar in bars:
            file = self._file(bar.open_time)
            self._content(file).rows[bar.open_time] = {name: getattr(bar, name) for name in COLUMNS}
            changed.add(file)
        holes = [Hole(*span, now_ns) for span in missing]
        for file in self._files(first, last):
            if self._content(file).rows and (self._remember(file, asked, holes, since_ns) or file in changed):
                self._write(file)

    def _remember(self, file: int, asked: Span, holes: Iterable[Hole], since_ns: int) -> bool:
        """Put new holes in the place of those that are too old or were asked for now; tell whether any changed."""
        content = self._content(file)
        kept = [h for h in content.holes if h.asked_ns > since_ns and (h.last < asked[0] or h.first > asked[1])]
        kept += [hole for hole in holes if self._file(hole.first) <= file <= self._file(hole.last)]
        same = kept == content.holes
        content.holes = kept
        return not same

    def _contents(self, first: int, last: int) -> Iterator[_Content]:
        return map(self._content, self._files(first, last))

    def _files(self, first: int, last: int) -> list[int]:
        """Return the files that there are, or will be, for a range."""
        names = [path.stem for path in self._folder.glob("*.parquet")]
        there = {int(name) for name in names if name.removeprefix("-").isdecimal()} | self._read.keys()
        return sorted(file for file in there if self._file(first) <= file <= self._file(last))

    def _file(self, opened: int) -> int:
        """Return the file that a candle belongs into, by its opening time in s; of months there is one only."""
        if self._interval.endswith("M"):
            return 0
        origin, span = floor_open(0, self._interval), _PER_FILE * interval_ns(self._interval)
        return ((opened - origin) // span * span + origin) // NS_PER_S

    def _content(self, file: int) -> _Content:
        if file not in self._read:
            path = self._path(file)
            self._read[file] = self._loaded(path) if path.exists() else _Content({}, [])
        return self._read[file]

    def _loaded(self, path: Path) -> _Content:
        table = self._tables.read(path, list(COLUMNS))
        said = (table.schema.metadata or {}).get(_KEY, b"[]")
        try:
            holes = msgspec.json.decode(said, type=list[Hole])
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{path} cannot be read ({error}); delete it, and it is fetched anew.") from error
        return _Content({row["open_time"]: row for row in table.to_pylist()}, holes)

    def _write(self, file: int) -> None:
        content = self._content(file)
        rows = [content.rows[opened] for opened in sorted(content.rows)]
        columns = {name: [row[name] for row in rows] for name in COLUMNS}
        self._tables.write(self._path(file), columns, {_KEY: msgspec.json.encode(content.holes)})

    def _path(self, file: int) -> Path:
        return self._folder / f"{file}.parquet"

    def _bar(self, row: dict[str, Any]) -> Bar:
        opened, prices = row["open_time"], (row["open"], row["high"], row["low"], row["close"])
        traded = row["volume"], row["quote_volume"], row["trades"]
        return Bar(self._exchange, self._symbol, 0, 0, 0, self._interval, opened, *prices, *traded, closed=True)
