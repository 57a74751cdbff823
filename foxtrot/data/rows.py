"""Market events as flat rows and back, the same for every file format.

Each kind has columns of its own behind `n`, the place of the event in its run. Books have one row per changed level;
rows with the same `n` are one event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from foxtrot.model.events import (
    Bar,
    BookInvalidated,
    BookUpdated,
    HistoryGap,
    MarketEvent,
    Quote,
    StreamRestored,
    StreamStale,
    Ticker,
    Trade,
    TradesFilled,
    TradesMissed,
)
from foxtrot.model.order import Side
from foxtrot.model.orderbook import Level

TIME, INT, FLOAT, TEXT, FLAG = "time", "int", "float", "text", "flag"
Row = tuple[Any, ...]
_HEAD = (("n", INT), ("ts_event", TIME), ("ts_recv", TIME), ("seq", INT))


class Kind(NamedTuple):
    """Describe one kind of rows: its name, its columns (name, type), and both directions.

    A TIME is int ns UTC, None for 0 (the venue sent none).
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    to_rows: Callable[[int, Any], list[Row]]
    from_rows: Callable[[str, str, Sequence[Row]], MarketEvent]


def events_of(kind: Kind, exchange: str, symbol: str, rows: Iterable[Row]) -> Iterator[tuple[int, MarketEvent]]:
    """Yield the events that some rows of one symbol hold, each with its place."""
    for n, same in groupby(rows, key=itemgetter(0)):
        yield n, kind.from_rows(exchange, symbol, list(same))


def _head(n: int, event: MarketEvent) -> Row:
    return n, event.ts_event or None, event.ts_recv or None, event.seq


def _base(exchange: str, symbol: str, row: Row) -> tuple[str, str, int, int, int]:
    return exchange, symbol, row[1] or 0, row[2] or 0, row[3]


def _plain(name: str, event_type: type[MarketEvent], **columns: str) -> Kind:
    """Make a kind whose columns are the event's fields, one row each."""
    names = tuple(columns)

    def to_rows(n: int, event: Any) -> list[Row]:
        return [(*_head(n, event), *(getattr(event, name) for name in names))]

    def from_rows(exchange: str, symbol: str, rows: Sequence[Row]) -> MarketEvent:
        return event_type(*_base(exchange, symbol, rows[0]), *rows[0][4:])

    return Kind(name, (*_HEAD, *columns.items()), to_rows, from_rows)


def _trade_rows(n: int, trade: Trade) -> list[Row]:
    numbered = isinstance(trade.trade_id, int)
    return [(*_head(n, trade), str(trade.trade_id), numbered, trade.price, trade.quantity, trade.side.value)]


def _trade(exchange: str, symbol: str, rows: Sequence[Row]) -> Trade:
    identity, numbered, price, quantity, side = rows[0][4:]
    return Trade(
        *_base(exchange, symbol, rows[0]), int(identity) if numbered else identity, price, quantity, Side(side)
    )


def _book_rows(n: int, book: BookUpdated) -> list[Row]:
    head, best = _head(n, book), (book.best_bid, book.best_bid_quantity, book.best_ask, book.best_ask_quantity)
    levels: list[tuple[str | None, float | None, float | None]] = [("bid", *level) for level in book.bids]
    levels += [("ask", *level) for level in book.asks]
    # An update without levels still moves the update id.
    return [(*head, book.update_id, *level, *best, book.snapshot) for level in levels or [(None, None, None)]]


def _book(exchange: str, symbol: str, rows: Sequence[Row]) -> BookUpdated:
    first = rows[0]
    sides: dict[str | None, list[Level]] = {"bid": [], "ask": [], None: []}
    for row in rows:
        sides[row[5]].append((row[6], row[7]))
    return BookUpdated(*_base(exchange, symbol, first), first[4], sides["bid"], sides["ask"], *first[8:13])


_BEST = (("best_bid", FLOAT), ("best_bid_quantity", FLOAT), ("best_ask", FLOAT), ("best_ask_quantity", FLOAT))
KINDS: dict[type[MarketEvent], Kind] = {
    Quote: _plain("quote", Quote, bid=FLOAT, bid_quantity=FLOAT, ask=FLOAT, ask_quantity=FLOAT, update_id=INT),
    Trade: Kind(
        "trade",
        (*_HEAD, ("trade_id", TEXT), ("numbered", FLAG), ("price", FLOAT), ("quantity", FLOAT), ("side", TEXT)),
        _trade_rows,
        _trade,
    ),
    Ticker: _plain(
        "ticker",
        Ticker,
        last=FLOAT,
        last_quantity=FLOAT,
        bid=FLOAT,
        bid_quantity=FLOAT,
        ask=FLOAT,
        ask_quantity=FLOAT,
        open=FLOAT,
        high=FLOAT,
        low=FLOAT,
        volume=FLOAT,
        quote_volume=FLOAT,
        change_percent=FLOAT,
        trades=INT,
    ),
    Bar: _plain(
        "bar",
        Bar,
        interval=TEXT,
        open_time=TIME,
        open=FLOAT,
        high=FLOAT,
        low=FLOAT,
        close=FLOAT,
        volume=FLOAT,
        quote_volume=FLOAT,
        trades=INT,
        closed=FLAG,
    ),
    BookUpdated: Kind(
        "book",
        (
            *_HEAD,
            ("update_id", INT),
            ("side", TEXT),
            ("price", FLOAT),
            ("quantity", FLOAT),
            *_BEST,
            ("snapshot", FLAG),
        ),
        _book_rows,
        _book,
    ),
    BookInvalidated: _plain("book_invalidated", BookInvalidated, reason=TEXT),
    StreamStale: _plain("stream_stale", StreamStale, stream=TEXT, param=TEXT, silent_s=FLOAT, reason=TEXT),
    StreamRestored: _plain("stream_restored", StreamRestored, stream=TEXT, param=TEXT, silent_s=FLOAT),
    TradesMissed: _plain("trades_missed", TradesMissed, first_id=INT, last_id=INT),
    TradesFilled: _plain("trades_filled", TradesFilled, first_id=INT, last_id=INT, missing=INT, failure=TEXT),
    HistoryGap: _plain("history_gap", HistoryGap, interval=TEXT, first_open=TIME, last_open=TIME, reason=TEXT),
}
BY_NAME = {kind.name: kind for kind in KINDS.values()}
