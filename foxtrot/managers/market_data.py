"""The market data manager: tickers, books, trades, and subscriptions to them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from foxtrot.capabilities import Capability
from foxtrot.engine.bus import Subscription as EngineSubscription
from foxtrot.errors import InvalidRequest, StateError, UnsupportedError
from foxtrot.io.pool import StreamPool
from foxtrot.managers.trade_pages import PAGE
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import Bar, BookInvalidated, BookUpdated, Event, Quote, Ticker, Trade
from foxtrot.model.intervals import interval_ns
from foxtrot.model.orderbook import OrderBook
from foxtrot.protocol.messages import Channel, ChannelKind

E = TypeVar("E", bound=Event)
Callback = Callable[[E], Awaitable[None] | None]

_EVENTS: dict[ChannelKind, tuple[type[Event], ...]] = {
    ChannelKind.TICKER: (Ticker,),
    ChannelKind.QUOTES: (Quote,),
    ChannelKind.TRADES: (Trade,),
    ChannelKind.BOOK: (BookUpdated, BookInvalidated),
    ChannelKind.OHLCV: (Bar,),
}


class StreamSubscription:
    """Stand for one `subscribe_*` call; give it to `unsubscribe` to end it."""

    def __init__(self, channels: tuple[Channel, ...], handlers: list[EngineSubscription], streams: StreamPool) -> None:
        self.channels = channels
        self.handlers = handlers
        self.streams = streams
        self.active = True

    def __repr__(self) -> str:
        names = ", ".join(f"{c.kind.value} {c.symbol}{' ' + c.param if c.param else ''}" for c in self.channels)
        return f"StreamSubscription({names}, {'active' if self.active else 'ended'})"


class MarketDataManager:
    """Read public data once by REST, or keep receiving it by streams."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring

    @property
    def channels(self) -> list[Channel]:
        """Return what is subscribed now. Raises StateError before connect."""
        return self._wiring.open().streams.channels()

    async def fetch_time(self) -> int:
        """Ask for the venue's time (ns UTC)."""
        wiring = self._wiring
        return await wiring.call(wiring.open().rest.fetch_server_time())

    async def fetch_tickers(self, symbols: Sequence[str]) -> list[Ticker]:
        """Ask for the 24-hour statistics of some symbols, in the order asked."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_TICKER)
        contracts = [wiring.contract(symbol) for symbol in symbols]
        tickers = {t.symbol: t for t in await wiring.call(wiring.open().rest.fetch_tickers(contracts))}
        return [tickers[symbol] for symbol in symbols]

    async def fetch_order_book(self, symbol: str, depth: int = 100) -> OrderBook:
        """Ask for the best `depth` levels a side. Raises InvalidRequest for a depth that the venue does not show."""
        wiring = self._wiring
        wiring.require(Capability.FETCH_ORDER_BOOK)
        return await wiring.call(wiring.open().rest.fetch_order_book(wiring.contract(symbol), depth))

    async def fetch_trades(self, symbol: str, limit: int = 500, from_id: str = "") -> list[Trade]:
        """Ask for public trades, oldest first: the latest `limit`, or those from trade id `from_id` on.

        Raises InvalidRequest for a limit that is not in 1..1000; `HistoricalManager.fetch_trades` pages through more.
        """
        wiring = self._wiring
        wiring.require(Capability.FETCH_TRADES)
        if not 1 <= limit <= PAGE:
            raise InvalidRequest(
                f"limit must be 1 to {PAGE}, not {limit}; history.fetch_trades pages through more, from an id on.",
                field="limit",
                exchange=wiring.exchange,
            )
        return await wiring.call(wiring.open().rest.fetch_trades(wiring.contract(symbol), limit, from_id))

    async def subscribe(
        self, kind: ChannelKind, symbols: str | Sequence[str], callback: Callback[E] | None = None, *, param: str = ""
    ) -> StreamSubscription:
        """Subscribe and return once the venue has confirmed; events go to the engine and to `callback`."""
        wiring = self._wiring
        wiring.require(Capability[f"SUBSCRIBE_{'ORDER_BOOK' if kind is ChannelKind.BOOK else kind.name}"])
        if kind is ChannelKind.OHLCV:
            interval_ns(param)
        names = [symbols] if isinstance(symbols, str) else list(symbols)
        for name in names:
            wiring.contract(name)
        channels = tuple(Channel(kind, name, param) for name in dict.fromkeys(names))
        streams = wiring.open().streams
        if kind is ChannelKind.BOOK:
            self._require_depth(channels)
        if kind is ChannelKind.OHLCV:
            wiring.require_interval(param)
        handlers = self._attach(channels, callback)
        try:
            await streams.subscribe(channels)
        except BaseException:
            _detach(handlers)
            raise
        return StreamSubscription(channels, handlers, streams)

    def _require_depth(self, channels: Sequence[Channel]) -> None:
        """Refuse a depth that cannot be had, and a second kind of book for a symbol: there is one book of each."""
        streams, depth = self._wiring.open().streams, channels[0].param if channels else ""
        if depth and depth not in map(str, streams.book_depths):
            listed = ", ".join(map(str, streams.book_depths)) or "the whole book only"
            raise UnsupportedError(
                f"{self._wiring.exchange} streams no books of {depth} levels; it has {listed}.",
                exchange=self._wiring.exchange,
            )
        symbols = {channel.symbol for channel in channels}
        other = next((c for c in streams.channels() if _is_other_book(c, symbols, depth)), None)
        if other is not None:
            raise InvalidRequest(
                f"The book of {other.symbol} is subscribed with {other.param or 'all'} levels already; unsubscribe "
                f"that one before you ask for {depth or 'all'}.",
                field="depth",
            )

    async def unsubscribe(self, subscription: StreamSubscription) -> None:
        """End a subscription; its callback gets nothing afterwards. Raises StateError for one that has ended."""
        if not subscription.active:
            raise StateError(f"{subscription!r} has ended already.", exchange=self._wiring.exchange)
        subscription.active = False
        _detach(subscription.handlers)
        streams = self._wiring.open().streams
        if streams is subscription.streams:  # else it ended with its connection, and the channels are others'
            await streams.unsubscribe(subscription.channels)

    def order_book(self, symbol: str, depth: int | None = None) -> OrderBook | None:
        """Return a copy of the kept book of a subscribed symbol, None while it is not synchronised."""
        builder = self._wiring.open().streams.book(symbol)
        return None if builder is None or not builder.synced else builder.copy(depth)

    def _attach(self, channels: tuple[Channel, ...], callback: Callback[E] | None) -> list[EngineSubscription]:
        if callback is None:
            return []
        handler: Callback[Event] = callback  # type: ignore[assignment]  # the engine delivers the kind's events only
        return [
            self._wiring.engine.subscribe(
                event,
                _for_interval(handler, channel.param) if event is Bar else handler,
                exchange=self._wiring.exchange,
                symbol=channel.symbol,
            )
            for channel in channels
            for event in _EVENTS[channel.kind]
        ]


def _is_other_book(channel: Channel, symbols: set[str], depth: str) -> bool:
    return channel.kind is ChannelKind.BOOK and channel.symbol in symbols and channel.param != depth


def _detach(handlers: Sequence[EngineSubscription]) -> None:
    for handler in handlers:
        handler.unsubscribe()


def _for_interval(callback: Callback[Event], interval: str) -> Callback[Event]:
    if not interval:
        return callback

    def wanted(event: Event) -> bool:
        return isinstance(event, Bar) and event.interval == interval

    async def awaited(event: Event) -> None:
        if wanted(event) and (answer := callback(event)) is not None:
            await answer

    def called(event: Event) -> None:
        if wanted(event):
            callback(event)

    # The engine looks at the function to know which of both it is.
    return awaited if inspect.iscoroutinefunction(callback) else called
