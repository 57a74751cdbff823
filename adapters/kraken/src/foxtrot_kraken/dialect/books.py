"""The book channel: a snapshot to a depth, then what changed within that depth, each message with its checksum.

Source: https://docs.kraken.com/api/docs/websocket-v2/book and https://docs.kraken.com/api/docs/guides/spot-ws-book-v2
"""

from __future__ import annotations

from typing import Any

from foxtrot.model.decimals import ZERO
from foxtrot.model.order import Side
from foxtrot.sandbox.types import BookChange, VenueEvent
from foxtrot_kraken.dialect.channels import PublicChannel, Say
from foxtrot_kraken.dialect.desk import Desk
from foxtrot_kraken.dialect.names import LOT_DECIMALS, Pair
from foxtrot_kraken.dialect.numbers import Levels, checksum, number, stamp

DEPTHS = (10, 25, 100, 500, 1_000)


class BookChannel(PublicChannel):
    """Keep what a client sees that applies every message and cuts both sides to the depth.

    A level that others push out of the depth is not deleted by a message; when it comes back into view, it is sent.
    """

    def __init__(self, desk: Desk, pair: Pair, say: Say, depth: int, *, snapshot: bool) -> None:
        super().__init__(desk, pair, say, "book", {"depth": depth}, snapshot=snapshot)
        self._depth = depth
        self._touched = False
        self._seen: tuple[Levels, Levels] = ([], [])

    def begin(self) -> None:
        """Send the best levels."""
        bids, asks = self._seen = self._look()
        if self._snapshot:
            self._tell("snapshot", bids, asks)

    def on_event(self, event: VenueEvent) -> None:
        """Note that the book has changed."""
        if isinstance(event, BookChange) and event.symbol == self._pair.symbol:
            self._touched = True

    def tick(self) -> None:
        """Send the changes within the depth."""
        if not self._touched:
            return
        self._touched = False
        before, self._seen = self._seen, self._look()
        changes = [
            self._changes(side, old, new)
            for side, old, new in zip((Side.BUY, Side.SELL), before, self._seen, strict=True)
        ]
        if any(changes):
            self._tell("update", *changes, timestamp=stamp(self._desk.now_ns()))

    def _look(self) -> tuple[Levels, Levels]:
        _, bids, asks = self._desk.venue.depth(self._pair.symbol, self._depth)
        return bids, asks

    def _changes(self, side: Side, old: Levels, new: Levels) -> Levels:
        before, now = dict(old), dict(new)
        book = self._desk.venue.market(self._pair.symbol).book.side(side)
        gone = [(price, ZERO) for price in before if price not in now and not book.quantity_at(price)]
        return gone + [(price, quantity) for price, quantity in new if before.get(price) != quantity]

    def _tell(self, kind: str, bids: Levels, asks: Levels, **more: Any) -> None:
        data = {
            "symbol": self._pair.symbol,
            "bids": self._rows(bids),
            "asks": self._rows(asks),
            "checksum": checksum(*self._seen, self._pair.decimals, LOT_DECIMALS),
        }
        self._send(kind, [data | more])

    def _rows(self, levels: Levels) -> list[dict[str, Any]]:
        decimals = self._pair.decimals
        return [{"price": number(price, decimals), "qty": number(size, LOT_DECIMALS)} for price, size in levels]
