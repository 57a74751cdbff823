"""Pages of longer lists, and the part of one that was asked for, where the venue gives more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from foxtrot.errors import VenueError
from foxtrot.model.events import Trade
from foxtrot.protocol.codec import Page

T = TypeVar("T")


class Wanted(msgspec.Struct, frozen=True):
    """Say which part of a longer list is asked for: bounds in ns (inclusive; None: not bounded), see `RestCodec`."""

    start: int | None
    end: int | None
    limit: int
    after: str = ""

    def within(self, items: Iterable[T], time: Callable[[T], int]) -> list[T]:
        """Return the items of start..end."""
        first, last = self.start, self.end
        return [x for x in items if (first is None or time(x) >= first) and (last is None or time(x) <= last)]

    def part(self, items: Iterable[T], time: Callable[[T], int]) -> list[T]:
        """Return the first `limit` items of start..end, oldest first; without a start the last ones."""
        found = self.within(items, time)
        return found[-self.limit :] if self.start is None else found[: self.limit]


def trades_from(trades: list[Trade], from_id: str) -> list[Trade]:
    """Return the trades from an id on, all for an id of "". Raises VenueError for one older than the first shown."""
    if not from_id or not trades:
        return trades
    oldest, wanted = int(trades[0].trade_id), int(from_id)
    if oldest > wanted:
        exchange, symbol = trades[0].exchange, trades[0].symbol
        raise VenueError(
            f"{exchange} shows the newest {len(trades)} trades of {symbol}, from {oldest} on; {wanted} is older.",
            exchange=exchange,
        )
    return [trade for trade in trades if int(trade.trade_id) >= wanted]


def numbered_page(items: list[T], limit: int, number: Callable[[T], str]) -> Page[T]:
    """Return a page of numbered items, oldest first; after a full one the next begins behind its last number."""
    return Page(items, str(int(number(items[-1])) + 1) if len(items) == limit else "")


def offset_page(items: list[T], after: str, got: int, size: int) -> Page[T]:
    """Return a page that was asked for by an offset, newest first; after a full one (`got` of `size`) more may follow.

    What is new meanwhile moves the rest back: it is told twice, never lost.
    """
    return Page(items, str(int(after or "0") + got) if got >= size else "", newest_first=True)
