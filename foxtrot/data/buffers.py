"""The buffers of a `DataManager`: their columns, what makes a row a duplicate, and how they become data frames."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from foxtrot.data.numbering import Numbering
from foxtrot.data.ring import Ring, Rows
from foxtrot.errors import ConfigError, InvalidRequest
from foxtrot.model.events import Bar, Ticker
from foxtrot.model.orderbook import OrderBook
from foxtrot.model.times import NS_PER_MS

if TYPE_CHECKING:
    import pandas as pd

DEPTH = 20  # levels a side
_KLINE = [("timestamp", "i8")] + [(name, "f8") for name in ("open", "high", "low", "close", "volume")]
_BOOK = [
    ("timestamp", "i8"),
    ("update_id", "i8"),
    ("side", "U4"),
    ("level", "i4"),
    ("price", "f8"),
    ("quantity", "f8"),
]
_TICKER = [("timestamp", "i8"), ("event_id", "i8")] + [
    (name, "f8")
    for name in (
        "best_bid",
        "bid_qty",
        "best_ask",
        "ask_qty",
        "last_price",
        "last_qty",
        "volume_24h",
        "quote_volume_24h",
    )
]


class BufferKind(enum.Enum):
    """Name the buffers."""

    KLINES_1M = "1m"
    KLINES_1H = "1h"
    KLINES_1D = "1d"
    ORDER_BOOK = "order_book"
    TICKER = "ticker"

    @classmethod
    def of(cls, kind: BufferKind | str) -> BufferKind:
        """Return the kind of that name. Raises InvalidRequest that lists them."""
        try:
            return cls(kind)
        except ValueError:
            names = ", ".join(known.value for known in cls)
            raise InvalidRequest(f"{kind!r} is no buffer; they are {names}.", field="kind") from None

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Return names and numpy types."""
        return {BufferKind.ORDER_BOOK: _BOOK, BufferKind.TICKER: _TICKER}.get(self, _KLINE)

    @property
    def key(self) -> str:
        """Return the column that tells duplicates."""
        return {BufferKind.ORDER_BOOK: "update_id", BufferKind.TICKER: "event_id"}.get(self, "timestamp")


class Buffer:
    """Hold the newest rows of one kind for one symbol; timestamps are ns UTC inside."""

    def __init__(self, kind: BufferKind, limit: int) -> None:
        self.kind = kind
        self._ring = Ring(kind.columns, limit)
        self._numbers = Numbering()
        self._anew = False

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def newest(self) -> int | None:
        """Return the key of the newest row, None when there is none."""
        row = self._ring.newest()
        return None if row is None else int(row[self.kind.key])

    def rows(self) -> Rows:
        """Return a copy of all rows, oldest first; of books whole updates only."""
        rows = self._ring.rows()
        if self.kind is BufferKind.ORDER_BOOK and len(rows) == self._ring.capacity:
            return rows[_first_whole(rows) :]
        return rows

    def add_bars(self, bars: Iterable[Bar]) -> None:
        """Take candles in any order; one of a known opening time replaces it."""
        rows = [(b.open_time, b.open, b.high, b.low, b.close, b.volume) for b in bars]
        newest = self.newest
        if len(rows) == 1 and (newest is None or rows[0][0] > newest):
            self._ring.append(rows[0])
        elif rows:
            self.merge(np.array(rows, dtype=self._ring.dtype))

    def begin_anew(self) -> None:
        """Let the next update of a book begin the numbers anew: what is known of the ids is of another connection."""
        self._anew = True

    def add_book(self, book: OrderBook, time_ns: int, *, seq: int = 0, anew: bool = False) -> None:
        """Take the best levels of a book as of a time, unless that update is in already.

        Ids go up; `anew` (a snapshot) lets them begin anew, be it lower. What comes again then is told by its levels.
        A book without an id gets one of ours (see `Numbering`); `seq` is its event's.
        """
        update_id = book.update_id if book.update_id > 0 else self._numbers.own(time_ns, seq)
        if update_id is None or (update_id > 0 and self._numbers.old(update_id) and not (anew or self._anew)):
            return
        rows = [
            (time_ns, update_id, side, number, price, quantity)
            for side, levels in (("bid", book.bids), ("ask", book.asks))
            for number, (price, quantity) in enumerate(levels[:DEPTH], 1)
        ]
        self._anew = self._anew and update_id < 0
        if self._numbers.seen(update_id) and self._holds(update_id, rows):
            return
        self._numbers.take(update_id)
        for row in rows:
            self._ring.append(row)

    def add_ticker(self, t: Ticker, now_ns: int) -> None:
        """Take a ticker, unless its event is in already; its id is the venue's time in ms.

        Where the venue tells no time it is ours, of the receipt or else `now_ns`, and so is the id (see `Numbering`).
        """
        time_ns = t.ts_event or t.ts_recv or now_ns
        event_id = t.ts_event // NS_PER_MS if t.ts_event else self._numbers.own(time_ns, t.seq)
        if event_id is None or (event_id > 0 and self._numbers.old(event_id)):
            return
        self._numbers.take(event_id)
        values = (t.bid, t.bid_quantity, t.ask, t.ask_quantity, t.last, t.last_quantity, t.volume, t.quote_volume)
        self._ring.append((time_ns, event_id, *values))

    def _holds(self, update_id: int, rows: list[tuple[int, int, str, int, float, float]]) -> bool:
        """Tell whether an update of that id with these levels is in."""
        kept = self._ring.rows()
        same = kept[kept["update_id"] == update_id][-len(rows) :]
        return [row.item()[2:] for row in same] == [row[2:] for row in rows]

    def merge(self, rows: Rows) -> None:
        """Join rows by their keys, in the order of time; of two the given one counts."""
        together = np.concatenate((self._ring.rows(), rows))
        if self.kind in (BufferKind.ORDER_BOOK, BufferKind.TICKER):
            self._ring.replace(together)  # only what was kept comes this way, each once and in its order
            self._numbers.go_on_from(together[self.kind.key])
            return
        newest_first = together[::-1]
        _, places = np.unique(newest_first[self.kind.key], return_index=True)
        self._ring.replace(newest_first[places])

    def holes(self, step_ns: int) -> list[tuple[int, int]]:
        """Return the ranges of timestamps (first, last) that are missing between the rows."""
        times: Sequence[int] = [int(t) for t in self._ring.rows()["timestamp"]]
        return [(a + step_ns, b - step_ns) for a, b in itertools.pairwise(times) if b - a > step_ns]

    def frame(self) -> pd.DataFrame:
        """Return a copy as a pandas DataFrame; `timestamp` is UTC. Raises ConfigError where pandas is missing."""
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise ConfigError("Data frames need pandas; install it with: pip install 'foxtrot[data]'.") from error
        rows = self.rows()
        frame = pd.DataFrame({name: rows[name] for name, _ in self.kind.columns})
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="ns", utc=True)
        return frame


def _first_whole(rows: Rows) -> int:
    """Return where the first book update begins whose rows are all there."""
    best_bids = np.flatnonzero((rows["side"] == "bid") & (rows["level"] == 1))
    others = np.flatnonzero(rows["update_id"][1:] != rows["update_id"][:-1]) + 1
    return int(min([*best_bids[:1], *others[:1]], default=len(rows)))
