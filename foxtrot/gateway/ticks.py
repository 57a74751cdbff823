"""Ticks: statistics and the best five levels of a symbol, joined into vn.py's one object."""

from __future__ import annotations

import copy

from foxtrot.capabilities import Capability
from foxtrot.errors import UnsupportedError
from foxtrot.exchange import BaseExchange
from foxtrot.gateway.constants import Exchange
from foxtrot.gateway.mapping import known, to_utc
from foxtrot.gateway.objects import TickData
from foxtrot.gateway.outlet import Outlet
from foxtrot.gateway.symbols import SymbolNames
from foxtrot.managers.market_data import StreamSubscription
from foxtrot.model.events import BookInvalidated, BookUpdated, Quote, Ticker
from foxtrot.model.orderbook import Level, OrderBook

LEVELS = 5
_DEPTHS = (5, 10, 20, 25)  # the nearest that the venue streams; else its whole book


class TickDesk:
    """Subscribe symbols and tell a TickData for each change; lives on the exchange's loop."""

    def __init__(self, exchange: BaseExchange, names: SymbolNames, outlet: Outlet) -> None:
        self._exchange = exchange
        self._names = names
        self._outlet = outlet
        self._ticks: dict[str, TickData] = {}

    async def subscribe(self, written: str, exchange: object) -> None:
        """Have the ticks of a symbol told from now on; once is enough. Raises FoxtrotError, and nothing is begun."""
        symbol = self._names.asked(written, exchange)
        if symbol in self._ticks:
            return
        gateway, begun = self._outlet.gateway, list[StreamSubscription]()
        now = to_utc(self._exchange.clock.time_ns())
        tick = TickData(gateway, self._names.name(symbol), Exchange(gateway), now, name=symbol)
        self._ticks[symbol] = tick
        try:
            if self._offers(Capability.FETCH_TICKER):
                self._on_ticker(await self._exchange.fetch_ticker(symbol))
            if self._offers(Capability.SUBSCRIBE_TICKER):
                begun.append(await self._exchange.subscribe_ticker(symbol, self._on_ticker))
            begun.append(await self._subscribe_levels(symbol))
            if self._offers(Capability.FETCH_ORDER_BOOK):
                self._begin_levels(tick, await self._exchange.fetch_order_book(symbol, LEVELS))
        except BaseException:
            del self._ticks[symbol]
            for subscription in begun:
                await self._exchange.unsubscribe(subscription)
            raise

    async def _subscribe_levels(self, symbol: str) -> StreamSubscription:
        for depth in (*_DEPTHS, None) if self._offers(Capability.SUBSCRIBE_ORDER_BOOK) else ():
            try:
                return await self._exchange.subscribe_order_book(symbol, self._on_book, depth=depth)
            except UnsupportedError:
                continue  # said before any I/O
        return await self._exchange.subscribe_quotes(symbol, self._on_quote)

    def _begin_levels(self, tick: TickData, book: OrderBook) -> None:
        """Show the levels before the first change of a quiet market; what the stream brought meanwhile is newer."""
        if not tick.bid_price_1 and not tick.ask_price_1:
            _set_levels(tick, "bid", book.bids)
            _set_levels(tick, "ask", book.asks)
            self._tell(tick, 0, book.ts_recv)

    def _offers(self, capability: Capability) -> bool:
        return self._exchange.capabilities[capability].support.usable

    def _on_ticker(self, event: Ticker) -> None:
        tick = self._ticks.get(event.symbol)
        if tick is None:
            return
        tick.volume, tick.turnover = known(event.volume), known(event.quote_volume)
        tick.last_price, tick.last_volume = known(event.last), known(event.last_quantity)
        tick.open_price, tick.high_price, tick.low_price = known(event.open), known(event.high), known(event.low)
        tick.pre_close = tick.open_price
        self._tell(tick, event.ts_event, event.ts_recv)

    def _on_book(self, event: BookUpdated | BookInvalidated) -> None:
        tick = self._ticks.get(event.symbol)
        if tick is None:
            return
        # None of a book that is not the venue's any more: nothing is shown then, rather than what it was.
        book = self._exchange.market_data.order_book(event.symbol, LEVELS)
        _set_levels(tick, "bid", () if book is None else book.bids)
        _set_levels(tick, "ask", () if book is None else book.asks)
        self._tell(tick, event.ts_event, event.ts_recv)

    def _on_quote(self, event: Quote) -> None:
        tick = self._ticks.get(event.symbol)
        if tick is None:
            return
        _set_levels(tick, "bid", ((event.bid, event.bid_quantity),))
        _set_levels(tick, "ask", ((event.ask, event.ask_quantity),))
        self._tell(tick, event.ts_event, event.ts_recv)

    def _tell(self, tick: TickData, ts_event: int, ts_recv: int) -> None:
        received = ts_recv or self._exchange.clock.time_ns()
        tick.datetime, tick.localtime = to_utc(ts_event or received), to_utc(received)
        self._outlet.tick(copy.copy(tick))  # what was told does not change under its receiver's hands


def _set_levels(tick: TickData, side: str, levels: tuple[Level, ...]) -> None:
    for place in range(LEVELS):
        price, volume = levels[place] if place < len(levels) else (0.0, 0.0)
        setattr(tick, f"{side}_price_{place + 1}", known(price))
        setattr(tick, f"{side}_volume_{place + 1}", known(volume))
