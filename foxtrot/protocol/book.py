"""A kept order book, for all venues: equal to the venue's or marked invalid, never silently wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from foxtrot.model.events import BookInvalidated, BookUpdated, Event
from foxtrot.model.orderbook import Level, OrderBook
from foxtrot.protocol.messages import UNNUMBERED, BookDelta, BookSnapshot

_MOST_BUFFERED = 10_000
_NO_ASK = float("inf")
Checksum = Callable[[Sequence[Level], Sequence[Level]], int]


class BookBuilder:
    """Build one symbol's book from a snapshot and deltas.

    Deltas are buffered until a snapshot is there; what it already covers is dropped, the first one applied must reach
    over its id, and afterwards each must follow its predecessor. A gap, a crossed book or a wrong checksum is published
    as BookInvalidated at once, and the book asks for a snapshot again (`needs_snapshot`); how soon it gets one is the
    caller's decision. Prices are float64 as decoded from the wire's text. Where the venue numbers nothing the stream's
    order is trusted as far as its checksums prove it: what comes without a snapshot before it is dropped.

    `depth` keeps the best levels of each side only, for venues that subscribe to a depth. `checksum` computes the
    venue's checksum from bids (descending) and asks (ascending), compared where a message carries one.
    """

    def __init__(
        self,
        exchange: str,
        symbol: str,
        publish: Callable[[Event], None],
        next_seq: Callable[[], int],
        *,
        depth: int | None = None,
        checksum: Checksum | None = None,
    ) -> None:
        self._exchange = exchange
        self._symbol = symbol
        self._publish = publish
        self._next_seq = next_seq
        self._depth = depth
        self._checksum = checksum
        self._bids: dict[float, float] = {}
        self._asks: dict[float, float] = {}
        self._buffer: deque[BookDelta] = deque(maxlen=_MOST_BUFFERED)
        self._chained = False
        self._standalone = False
        self._ts_recv = 0
        self.update_id = 0
        self.synced = False
        self.needs_snapshot = False
        self.best_bid = 0.0
        self.best_ask = _NO_ASK

    @property
    def buffered(self) -> int:
        """Return how many deltas wait for a snapshot."""
        return len(self._buffer)

    def publish_to(self, publish: Callable[[Event], None]) -> None:
        """Send all events elsewhere from now on."""
        self._publish = publish

    def delta(self, delta: BookDelta) -> None:
        """Take a delta: apply it, or buffer it until a snapshot is there."""
        numbered = delta.previous_id != UNNUMBERED
        if not self.synced:
            if numbered:
                self._buffer.append(delta)
            self.needs_snapshot = True
            return
        if numbered:
            if delta.last_id <= self.update_id:
                return
            if not self._follows(delta):
                self._ask_again(f"gap: update {delta.previous_id + 1} follows {self.update_id}", [delta])
                return
        elif self._standalone:
            self._ask_again("the stream does not go on from the book that was asked for", ())
            return
        self._apply(delta)
        bids, asks = delta.bids, delta.asks
        if self._depth is not None:
            bids = [*bids, *self._cut(self._bids, descending=True)]
            asks = [*asks, *self._cut(self._asks, descending=False)]
        fault = self._fault(delta.checksum)
        if fault:
            # The delta stays: the next snapshot must reach it, or an old one would pass for the venue's book.
            self._ask_again(fault, [delta] if numbered else ())
            return
        self._announce(delta.ts_event, bids, asks, snapshot=False)

    def snapshot(self, snapshot: BookSnapshot) -> None:
        """Replace the book and apply the buffered deltas behind the snapshot.

        One that is too old for them, or gives a crossed book, is refused: the book stays (or becomes) invalid and
        `needs_snapshot` is set. One that is older than a synchronised book changes nothing.
        """
        self.needs_snapshot = False
        if self.synced and snapshot.last_id < self.update_id:
            return
        self._bids, self._asks = dict(snapshot.bids), dict(snapshot.asks)
        self._standalone = snapshot.standalone
        self.update_id, self._chained, self._ts_recv = snapshot.last_id, False, snapshot.ts_recv
        self.best_bid, self.best_ask = max(self._bids, default=0.0), min(self._asks, default=_NO_ASK)
        checksum, ts_event, waiting = snapshot.checksum, 0, list(self._buffer)
        for number, delta in enumerate(waiting):
            if delta.last_id <= self.update_id:
                continue
            if not self._follows(delta):
                self._ask_again(f"snapshot {snapshot.last_id} does not reach the updates", waiting[number:])
                return
            self._apply(delta)
            checksum, ts_event = delta.checksum, delta.ts_event
        self._cut(self._bids, descending=True)
        self._cut(self._asks, descending=False)
        fault = self._fault(checksum)
        if fault:
            if not self.synced:  # there is no book to take back, but who waits for one must know why it does not come
                self.complain(fault)
            self._ask_again(fault, waiting[-1:])
            return
        self._buffer.clear()
        self.synced = True
        self._announce(ts_event, *self.levels(), snapshot=True)

    def invalidate(self, reason: str) -> None:
        """Forget what was received and mark the book as not the venue's any more; say so once."""
        self._buffer.clear()
        self.needs_snapshot = False
        if self.synced:
            self.synced = False
            self.complain(reason)

    def complain(self, reason: str) -> None:
        """Publish why there is no book."""
        self._publish(BookInvalidated(self._exchange, self._symbol, 0, self._ts_recv, self._next_seq(), reason))

    def levels(self, depth: int | None = None) -> tuple[list[Level], list[Level]]:
        """Return the best `depth` bids (descending) and asks (ascending) as (price, quantity); None: all."""
        return sorted(self._bids.items(), reverse=True)[:depth], sorted(self._asks.items())[:depth]

    def copy(self, depth: int | None = None) -> OrderBook:
        """Return an immutable copy of the best `depth` levels (None: all)."""
        bids, asks = self.levels(depth)
        return OrderBook(self._exchange, self._symbol, self._ts_recv, self.update_id, tuple(bids), tuple(asks))

    def _follows(self, delta: BookDelta) -> bool:
        if delta.previous_id == self.update_id:
            return True
        return not self._chained and delta.first_id <= self.update_id + 1 <= delta.last_id

    def _apply(self, delta: BookDelta) -> None:
        """Set the levels; the best price is searched anew once, and only when its level went."""
        bids, asks = self._bids, self._asks
        best_bid, best_ask = self.best_bid, self.best_ask
        bid_went = ask_went = False
        for price, quantity in delta.bids:
            if quantity:
                bids[price] = quantity
                if price > best_bid:
                    best_bid = price
            elif bids.pop(price, None) is not None and price == best_bid:
                bid_went = True
        for price, quantity in delta.asks:
            if quantity:
                asks[price] = quantity
                if price < best_ask:
                    best_ask = price
            elif asks.pop(price, None) is not None and price == best_ask:
                ask_went = True
        self.best_bid = max(bids, default=0.0) if bid_went else best_bid
        self.best_ask = min(asks, default=_NO_ASK) if ask_went else best_ask
        self.update_id, self._chained, self._ts_recv = delta.last_id, True, delta.ts_recv

    def _cut(self, side: dict[float, float], *, descending: bool) -> list[Level]:
        """Drop the levels beyond the depth and return them as deletions; `descending`: the best is the highest."""
        if self._depth is None or len(side) <= self._depth:
            return []
        beyond = sorted(side, reverse=descending)[self._depth :]
        for price in beyond:
            del side[price]
        return [(price, 0.0) for price in beyond]

    def _fault(self, checksum: int | None) -> str:
        if self.best_bid >= self.best_ask:
            return f"crossed: bid {self.best_bid} >= ask {self.best_ask}"
        if checksum is not None and self._checksum is not None:
            found = self._checksum(*self.levels())
            if found != checksum:
                return f"checksum: {found} instead of the venue's {checksum}"
        return ""

    def _ask_again(self, reason: str, kept: Sequence[BookDelta]) -> None:
        self.invalidate(reason)
        self._buffer.extend(kept)
        self.needs_snapshot = True

    def _announce(self, ts_event: int, bids: list[Level], asks: list[Level], *, snapshot: bool) -> None:
        self._publish(
            BookUpdated(
                self._exchange,
                self._symbol,
                ts_event,
                self._ts_recv,
                self._next_seq(),
                self.update_id,
                bids,
                asks,
                self.best_bid,
                self._bids.get(self.best_bid, 0.0),
                self.best_ask,
                self._asks.get(self.best_ask, 0.0),
                snapshot,
            )
        )
