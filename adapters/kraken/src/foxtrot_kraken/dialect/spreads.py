"""The best prices as they changed: for the Spread request and for tickers on every change of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from foxtrot.model.order import Side
from foxtrot.sandbox.venue import Venue

_KEPT = 200


class Spread(msgspec.Struct, frozen=True):
    """Hold the best prices of one time."""

    time_ns: int
    bid: Decimal
    ask: Decimal


class Spreads:
    """Look at the books from time to time, and keep what changed."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._rows: dict[str, deque[Spread]] = {symbol: deque(maxlen=_KEPT) for symbol in venue.contracts}

    def look(self) -> None:
        """Keep the best prices that differ from the last ones."""
        now = self._venue.clock()
        for symbol, rows in self._rows.items():
            bid, ask = self._venue.best(symbol, Side.BUY), self._venue.best(symbol, Side.SELL)
            if bid is None or ask is None or (rows and (rows[-1].bid, rows[-1].ask) == (bid[0], ask[0])):
                continue
            rows.append(Spread(now, bid[0], ask[0]))

    def rows(self, symbol: str) -> Iterable[Spread]:
        """Return what was kept, oldest first."""
        return self._rows[symbol]
