"""A kept order book, for all venues: equal to the venue's or marked invalid, never silently wrong."""

from __future__ import annotations

from collections.abc import Callable

from foxtrot.model.events import BookInvalidated, BookUpdated, Event, OrderBook
from foxtrot.protocol.messages import BookDelta, BookSnapshot

_MOST_BUFFERED = 10_000


class BookBuilder:
    """Build one symbol's book from a snapshot and deltas.

    Deltas are buffered until a snapshot is there; what it already covers is dropped, the first one applied must reach
    over its id, and afterwards each must follow its predecessor. A gap or a crossed book is published as
    BookInvalidated at once, and the book asks for a snapshot again (`needs_snapshot`). Prices are float64 as decoded
    from the wire's text.
    """

    def __init__(
        self, exchange: str, symbol: str, publish: Callable[[Event], None], next_seq: Callable[[], int]
    ) -> None:
        self._exchange = exchange
        self._symbol = symbol
        self._publish = publish
        self._next_seq = next_seq
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}
        self._buffer: list[BookDelta] = []
        self._first_applied = False
        self._ts_recv = 0
        self.update_id = 0
        self.synced = False
        self.needs_snapshot = False
        self.best_bid = 0.0
        self.best_ask = float("inf")

    def delta(self, delta: BookDelta) -> None:
        """Take a delta: apply it, or buffer it until a snapshot is there."""
        if not self.synced:
            self._buffer.append(delta)
            del self._buffer[:-_MOST_BUFFERED]
            self.needs_snapshot = True
            return
        if delta.last_id <= self.update_id:
            return
        if not self._follows(delta):
            self.invalidate(f"gap: update {delta.previous_id + 1} follows {self.update_id}")
            self._buffer.append(delta)
            self.needs_snapshot = True
            return
        self._apply(delta)
        self._announce(delta)

    def snapshot(self, snapshot: BookSnapshot) -> None:
        """Take a snapshot and the buffered deltas behind it; one that is too old leaves `needs_snapshot` set."""
        self.needs_snapshot = False
        behind = [d for d in self._buffer if d.last_id > snapshot.last_id]
        if behind and behind[0].first_id > snapshot.last_id + 1:
            self.needs_snapshot = True
            return
        self._bids, self._asks = dict(snapshot.bids), dict(snapshot.asks)
        self.update_id, self._first_applied, self._ts_recv = snapshot.last_id, False, snapshot.ts_recv
        self._find_best()
        self._buffer = []
        for number, delta in enumerate(behind):
            if not self._follows(delta):
                self._buffer = behind[number:]
                self.needs_snapshot = True
                return
            self._apply(delta)
        if self.best_bid >= self.best_ask:
            self.needs_snapshot = True
            return
        self.synced = True
        self._publish(
            BookUpdated(
                self._exchange,
                self._symbol,
                behind[-1].ts_event if behind else 0,
                self._ts_recv,
                self._next_seq(),
                self.update_id,
                sorted(self._bids.items(), reverse=True),
                sorted(self._asks.items()),
                self.best_bid,
                self._bids.get(self.best_bid, 0.0),
                self.best_ask,
                self._asks.get(self.best_ask, 0.0),
                snapshot=True,
            )
        )

    def invalidate(self, reason: str) -> None:
        """Mark the book as not the venue's any more, and say so once."""
        self._buffer = []
        if self.synced:
            self.synced = False
            self._publish(BookInvalidated(self._exchange, self._symbol, 0, self._ts_recv, self._next_seq(), reason))

    def copy(self, depth: int | None = None) -> OrderBook:
        """Return an immutable copy of the best `depth` levels (None: all)."""
        return OrderBook(
            self._exchange,
            self._symbol,
            self._ts_recv,
            self.update_id,
            tuple(sorted(self._bids.items(), reverse=True)[:depth]),
            tuple(sorted(self._asks.items())[:depth]),
        )

    def _follows(self, delta: BookDelta) -> bool:
        if self._first_applied:
            return delta.previous_id == self.update_id
        return delta.first_id <= self.update_id + 1 <= delta.last_id

    def _apply(self, delta: BookDelta) -> None:
        bids, asks = self._bids, self._asks
        best_bid, best_ask = self.best_bid, self.best_ask
        for price, quantity in delta.bids:
            if quantity:
                bids[price] = quantity
                if price > best_bid:
                    best_bid = price
            elif bids.pop(price, None) is not None and price == best_bid:
                best_bid = max(bids, default=0.0)
        for price, quantity in delta.asks:
            if quantity:
                asks[price] = quantity
                if price < best_ask:
                    best_ask = price
            elif asks.pop(price, None) is not None and price == best_ask:
                best_ask = min(asks, default=float("inf"))
        self.best_bid, self.best_ask = best_bid, best_ask
        self.update_id, self._first_applied, self._ts_recv = delta.last_id, True, delta.ts_recv

    def _announce(self, delta: BookDelta) -> None:
        if self.best_bid >= self.best_ask:
            self.invalidate(f"crossed: bid {self.best_bid} >= ask {self.best_ask}")
            self.needs_snapshot = True
            return
        self._publish(
            BookUpdated(
                self._exchange,
                self._symbol,
                delta.ts_event,
                delta.ts_recv,
                self._next_seq(),
                delta.last_id,
                delta.bids,
                delta.asks,
                self.best_bid,
                self._bids.get(self.best_bid, 0.0),
                self.best_ask,
                self._asks.get(self.best_ask, 0.0),
            )
        )

    def _find_best(self) -> None:
        self.best_bid = max(self._bids, default=0.0)
        self.best_ask = min(self._asks, default=float("inf"))
