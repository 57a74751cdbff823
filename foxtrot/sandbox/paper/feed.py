"""The real market as it comes in by streams, handed to the markets in which nothing real is traded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal

from foxtrot.exchange import BaseExchange
from foxtrot.managers.market_data import StreamSubscription
from foxtrot.model.events import (
    AdapterState,
    BookInvalidated,
    BookUpdated,
    StateChanged,
    StreamRestored,
    StreamStale,
    Trade,
)
from foxtrot.model.order import Side
from foxtrot.model.orderbook import Level
from foxtrot.sandbox.paper.market import PaperMarket

_LOG = logging.getLogger("foxtrot.paper")
_STREAMS = frozenset({"book", "trades"})


class PaperFeed:
    """Follow the public books and trades of one connected exchange; nothing private is asked for.

    A market has trouble from the moment its book is not valid, a stream of it is stale, or the exchange is not
    connected, until that is over.
    """

    def __init__(self, live: BaseExchange, markets: dict[str, PaperMarket]) -> None:
        self._live = live
        self._markets = markets
        self._troubles: dict[str, dict[str, str]] = {}
        self._subscriptions: list[StreamSubscription] = []
        self._whole = asyncio.Event()
        engine, name = live.engine, live.name
        self._handlers = [
            engine.subscribe(StreamStale, self._on_stale, exchange=name),
            engine.subscribe(StreamRestored, self._on_restored, exchange=name),
            engine.subscribe(StateChanged, self._on_state, exchange=name),
        ]

    async def start(self, symbols: Sequence[str]) -> None:
        """Return once every book has come. Raises what subscribing raises."""
        for symbol in symbols:
            self._trouble(symbol, "book", "its live book has not come yet")
        self._subscriptions.append(await self._live.subscribe_order_book(symbols, self._on_book))
        self._subscriptions.append(await self._live.subscribe_trades(symbols, self._on_trade))
        for symbol in symbols:
            self._take_kept(symbol)
        await self._whole.wait()

    async def stop(self, reason: str) -> None:
        """Follow no more; every market has trouble from now on."""
        for handler in self._handlers:
            handler.unsubscribe()
        for subscription in self._subscriptions:
            if self._live.state is not AdapterState.DISCONNECTED:
                await self._live.unsubscribe(subscription)
        self._subscriptions.clear()
        for symbol in self._markets:
            self._trouble(symbol, "connection", reason)

    def _take_kept(self, symbol: str) -> None:
        """Begin with a book that was subscribed before us, whose snapshot is long past."""
        kept = self._live.market_data.order_book(symbol)
        if kept is not None and "book" in self._troubles.get(symbol, ()):
            self._replace(symbol, kept.bids, kept.asks)

    # what comes in

    def _on_book(self, event: BookUpdated | BookInvalidated) -> None:
        market = self._markets[event.symbol]
        if isinstance(event, BookInvalidated):
            self._trouble(event.symbol, "book", f"its live book is not valid: {event.reason}")
            market.replace_book({side: {} for side in Side})
        elif event.snapshot:
            self._replace(event.symbol, event.bids, event.asks)
        elif "book" not in self._troubles.get(event.symbol, ()):
            changes = [(side, level) for side, levels in _by_side(event.bids, event.asks) for level in levels]
            # Deletions first: within one event the new best may lie beyond the old one of the other side.
            for side, (price, quantity) in sorted(changes, key=lambda change: change[1][1] != 0):
                market.set_level(side, _exact(price), _exact(quantity))

    def _on_trade(self, trade: Trade) -> None:
        self._markets[trade.symbol].print_trade(
            _exact(trade.price), _exact(trade.quantity), trade.side, trade.ts_event or None
        )

    def _replace(self, symbol: str, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        sides = {side: {_exact(p): _exact(q) for p, q in levels if q} for side, levels in _by_side(bids, asks)}
        self._markets[symbol].replace_book(sides)
        self._fit(symbol, "book")

    def _on_stale(self, event: StreamStale) -> None:
        if event.symbol in self._markets and event.stream in _STREAMS:
            self._trouble(event.symbol, event.stream + " stream", f"its live {event.stream} stream is stale")

    def _on_restored(self, event: StreamRestored) -> None:
        if event.symbol in self._markets and event.stream in _STREAMS:
            self._fit(event.symbol, event.stream + " stream")

    def _on_state(self, event: StateChanged) -> None:
        if event.new in (AdapterState.CLOSING, AdapterState.DISCONNECTED):
            for symbol in self._markets:
                self._trouble(symbol, "connection", "the live exchange was disconnected")

    # troubles

    def _trouble(self, symbol: str, what: str, reason: str) -> None:
        troubles = self._troubles.setdefault(symbol, {})
        if what not in troubles:
            _LOG.info("no dry-run orders for %s now: %s", symbol, reason)
        troubles[what] = reason
        self._markets[symbol].trouble = reason
        self._whole.clear()

    def _fit(self, symbol: str, what: str) -> None:
        troubles = self._troubles.get(symbol, {})
        if troubles.pop(what, None) is None:
            return
        if troubles:
            self._markets[symbol].trouble = next(iter(troubles.values()))
            return
        self._markets[symbol].is_fit()
        if not any(self._troubles.values()):
            self._whole.set()


def _by_side(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[tuple[Side, Sequence[Level]], ...]:
    return (Side.BUY, bids), (Side.SELL, asks)


def _exact(value: float) -> Decimal:
    """Return the digits that came by the wire: a float is read from them and gives them back."""
    return Decimal(repr(value))
