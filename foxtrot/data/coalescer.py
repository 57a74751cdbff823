"""Events wait for a slower reader: the latest of what replaces its predecessor, every one of what does not."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Hashable, Sequence
from operator import itemgetter

import msgspec

from foxtrot.engine.queues import stream_key
from foxtrot.model.account import Balance
from foxtrot.model.events import (
    BalanceUpdated,
    BookInvalidated,
    BookUpdated,
    Event,
    OrderEvent,
    Trade,
)
from foxtrot.model.orderbook import Level, OrderBook

BookSource = Callable[[str], OrderBook | None]
_PRICE = itemgetter(0)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what came since the last one: all orders and trades as they came, and the latest of everything else."""

    orders: list[OrderEvent]
    trades: list[Trade]
    latest: list[Event | OrderBook]


class Coalescer:
    """Take events on one thread and give them on another as batches.

    `wake` is called (on the thread of the event) when the first event after a `take` has come, and not again before the
    next one. Books are given as their best `depth` levels, or as BookInvalidated while they are not the venue's; the
    balances of an exchange as one BalanceUpdated. Orders and trades are kept until they are taken, however many.
    """

    def __init__(self, wake: Callable[[], None], depth: int) -> None:
        self._wake = wake
        self._depth = depth
        self._lock = threading.Lock()
        self._waiting = self._closed = False
        self._sources: dict[str, BookSource] = {}
        self._books: dict[tuple[str, str], _Book] = {}
        self._forget()

    @property
    def closed(self) -> bool:
        """Tell whether it has ended."""
        return self._closed

    def know_books(self, exchange: str, source: BookSource) -> None:
        """Ask `source` for the book of a symbol whose first event is no snapshot: it was subscribed to before."""
        self._sources[exchange] = source

    def put(self, event: Event) -> None:
        """Take an event; do nothing once closed."""
        with self._lock:
            if self._closed:
                return
            self._keep(event)
            wake, self._waiting = not self._waiting, True
        if wake:
            self._wake()

    def take(self) -> Batch:
        """Give what came since the last call; nothing once closed."""
        with self._lock:
            latest = [kept.copy(self._depth) if isinstance(kept, _Book) else kept for kept in self._latest.values()]
            batch = Batch(orders=self._orders, trades=self._trades, latest=latest)
            self._forget()
            self._waiting = False
        return batch

    def close(self) -> None:
        """Forget everything and take nothing any more. Repeating is harmless."""
        with self._lock:
            self._closed = True
            self._books.clear()
            self._sources.clear()
            self._forget()

    def _forget(self) -> None:
        self._orders: list[OrderEvent] = []
        self._trades: list[Trade] = []
        self._latest: dict[Hashable, Event | _Book] = {}

    def _keep(self, event: Event) -> None:
        if isinstance(event, Trade):
            self._trades.append(event)
        elif isinstance(event, OrderEvent):
            self._orders.append(event)
        elif isinstance(event, (BookUpdated, BookInvalidated)):
            self._keep_book(event)
        elif isinstance(event, BalanceUpdated):
            self._keep_balances(event)
        else:
            self._latest[stream_key(event)] = event

    def _keep_book(self, event: BookUpdated | BookInvalidated) -> None:
        key = (event.exchange, event.symbol)
        if isinstance(event, BookInvalidated):
            self._books.pop(key, None)
            self._latest[key] = event
        elif (book := self._book(event)) is not None:
            book.apply(event)
            self._latest[key] = book

    def _book(self, event: BookUpdated) -> _Book | None:
        key = (event.exchange, event.symbol)
        if key in self._books or event.snapshot:
            return self._books.setdefault(key, _Book(*key))
        source = self._sources.get(event.exchange)
        known = None if source is None else source(event.symbol)
        if known is not None:
            self._books[key] = _Book(*key, known.update_id, known.bids, known.asks)
        return self._books.get(key)

    def _keep_balances(self, event: BalanceUpdated) -> None:
        key = (BalanceUpdated, event.exchange)
        before = self._latest.get(key)
        balances: dict[str, Balance] = {}
        for told in (before, event):
            if isinstance(told, BalanceUpdated):
                balances.update({balance.asset: balance for balance in told.balances})
        self._latest[key] = msgspec.structs.replace(event, balances=tuple(balances.values()))


class _Book:
    """Follow one book by its events."""

    def __init__(
        self,
        exchange: str,
        symbol: str,
        update_id: int = 0,
        bids: Sequence[Level] = (),
        asks: Sequence[Level] = (),
    ) -> None:
        self._exchange, self._symbol = exchange, symbol
        self._update_id, self._ts_recv = update_id, 0
        self._bids, self._asks = dict(bids), dict(asks)

    def apply(self, event: BookUpdated) -> None:
        """Take a change or a new whole; a change that is contained already is passed over."""
        if event.snapshot:
            self._bids, self._asks = {}, {}
        elif 0 < event.update_id < self._update_id:
            return
        self._update_id, self._ts_recv = event.update_id, event.ts_recv
        _apply(self._bids, event.bids)
        _apply(self._asks, event.asks)

    def copy(self, depth: int) -> OrderBook:
        """Return the best `depth` levels a side."""
        bids = tuple(heapq.nlargest(depth, self._bids.items(), key=_PRICE))
        asks = tuple(heapq.nsmallest(depth, self._asks.items(), key=_PRICE))
        return OrderBook(self._exchange, self._symbol, self._ts_recv, self._update_id, bids, asks)


def _apply(side: dict[float, float], levels: Sequence[Level]) -> None:
    for price, quantity in levels:
        if quantity:
            side[price] = quantity
        else:
            side.pop(price, None)
