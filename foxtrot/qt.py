"""The market in a Qt program: what an exchange tells arrives as signals on the GUI's thread.

collector = DataCollector(exchange)             # on the GUI's thread
collector.ticker.connect(window.show_ticker)
threading.Thread(target=asyncio.run, args=(trade(exchange),)).start()
"""

from __future__ import annotations

import math
import time
from functools import partial

from foxtrot.data.coalescer import Batch, Coalescer
from foxtrot.engine.bus import EventEngine, Subscription
from foxtrot.errors import ConfigError, InvalidRequest, StateError
from foxtrot.exchange import BaseExchange
from foxtrot.model.events import (
    BalanceUpdated,
    BookInvalidated,
    BookUpdated,
    ChannelStateChanged,
    Event,
    OrderEvent,
    OrderUpdated,
    Quote,
    StateChanged,
    Ticker,
    Trade,
)
from foxtrot.model.orderbook import OrderBook

try:
    from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
except ModuleNotFoundError as missing:
    raise ConfigError("foxtrot.qt needs PySide6; install it with: pip install 'foxtrot[qt]'.") from missing

_COLLECTED: tuple[type[Event], ...] = (
    StateChanged,
    ChannelStateChanged,
    BalanceUpdated,
    OrderEvent,
    Trade,
    Quote,
    Ticker,
    BookUpdated,
    BookInvalidated,
)
_SIGNALS: dict[type, str] = {
    StateChanged: "state",
    ChannelStateChanged: "channel",
    BalanceUpdated: "balances",
    Quote: "quote",
    Ticker: "ticker",
    OrderBook: "book",
    BookInvalidated: "book_invalidated",
}


class DataCollector(QObject):
    """Emit what exchanges (or whole engines) tell, on the thread in which the collector was made.

    The asyncio loop may run in any thread. Events wait there until one queued wake-up, at most `rate_hz` a second,
    hands them over. Of tickers, quotes, books, balances and states only the latest of each symbol, exchange and channel
    is emitted; of orders and trades every one, in the order in which they came, however long the GUI is busy or not
    started yet. `orders` and `trades` carry lists, the other signals one value. Orders go first, then trades, then the
    rest.

    An exchange that is connected already first tells its state, balances and open orders as they are. Sources can be
    added on any thread, before `connect` is called or after it has returned. An exception in a slot is printed by Qt's
    binding and keeps nothing from the other slots. Raises InvalidRequest for a rate or a depth that is not above 0.
    """

    state = Signal(object)  # StateChanged
    channel = Signal(object)  # ChannelStateChanged
    balances = Signal(object)  # BalanceUpdated with all assets that changed
    orders = Signal(object)  # list[OrderEvent]
    trades = Signal(object)  # list[Trade]
    quote = Signal(object)  # Quote
    ticker = Signal(object)  # Ticker
    book = Signal(object)  # OrderBook of the best `depth` levels a side
    book_invalidated = Signal(object)  # BookInvalidated: what was shown is not the venue's any more

    def __init__(
        self,
        *sources: BaseExchange | EventEngine,
        rate_hz: float = 20.0,
        depth: int = 20,
        parent: QObject | None = None,
    ) -> None:
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise InvalidRequest(f"rate_hz must be a number above 0, not {rate_hz!r}.", field="rate_hz")
        if depth < 1:
            raise InvalidRequest(f"depth must be at least 1 level, not {depth!r}.", field="depth")
        super().__init__(parent)
        self._interval_s = 1 / rate_hz
        self._flushed = -math.inf
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._flush)
        # The loop's thread holds the waker, never the collector: that may be deleted at any time by the GUI's.
        waker = _Waker()
        waker.woken.connect(self._on_wake, Qt.ConnectionType.QueuedConnection)
        self._coalescer = Coalescer(waker.wake, depth)
        self._feeds: list[_Feed] = []
        self.destroyed.connect(partial(_close, self._coalescer, self._feeds))
        for source in sources:
            self.add(source)

    def add(self, source: BaseExchange | EventEngine) -> None:
        """Collect from another exchange, or all that an engine carries. Raises StateError when its loop is closed."""
        feed = _Feed(source, self._coalescer)
        self._feeds.append(feed)
        feed.engine.run_on_loop(feed.open)

    def close(self) -> None:
        """End: nothing is emitted any more, not even what waits. Deleting the collector does the same.

        Call it on the collector's thread. Repeating is harmless.
        """
        _close(self._coalescer, self._feeds)

    @Slot()
    def _on_wake(self) -> None:
        wait_s = self._flushed + self._interval_s - time.monotonic()
        if wait_s > 0:
            self._timer.start(math.ceil(wait_s * 1000))
        else:
            self._flush()

    @Slot()
    def _flush(self) -> None:
        self._emit(self._coalescer.take())
        self._flushed = time.monotonic()  # the end: slow slots leave the GUI its pause as well

    def _emit(self, batch: Batch) -> None:
        if batch.orders:
            self.orders.emit(batch.orders)
        if batch.trades and not self._coalescer.closed:
            self.trades.emit(batch.trades)
        for value in batch.latest:
            if self._coalescer.closed:  # by a slot
                return
            getattr(self, _SIGNALS[type(value)]).emit(value)


class _Waker(QObject):
    """Wake the collector's thread; Qt drops the call when the collector is gone."""

    woken = Signal()

    def wake(self) -> None:
        """Do it, on any thread."""
        self.woken.emit()


class _Feed:
    """Subscribe to one source, on its loop's thread."""

    def __init__(self, source: BaseExchange | EventEngine, coalescer: Coalescer) -> None:
        self.engine = source if isinstance(source, EventEngine) else source.engine
        self._exchange = None if isinstance(source, EventEngine) else source
        self._coalescer = coalescer
        self._subscriptions: list[Subscription] = []

    def open(self) -> None:
        """Tell how things are, and follow them."""
        name = None
        if self._exchange is not None:
            name = self._exchange.name
            self._coalescer.know_books(name, self._exchange.market_data.order_book)
            for event in _present(self._exchange):
                self._coalescer.put(event)
        self._subscriptions = [
            self.engine.subscribe(kind, self._coalescer.put, exchange=name, name="DataCollector") for kind in _COLLECTED
        ]

    def close(self) -> None:
        """End the subscriptions."""
        for subscription in self._subscriptions:
            subscription.unsubscribe()


def _present(exchange: BaseExchange) -> list[Event]:
    """Return the events that would have told what is so already."""
    name, now, balances = exchange.name, exchange.clock.time_ns(), exchange.account.balances
    told: list[Event] = [StateChanged(name, "", 0, now, 0, exchange.state, exchange.state, "collected from now on")]
    if balances:
        told.append(BalanceUpdated(name, "", 0, now, 0, tuple(balances.values())))
    told += [OrderUpdated(name, order.symbol, order.ts_updated, now, 0, order) for order in exchange.orders.open()]
    return told


def _close(coalescer: Coalescer, feeds: list[_Feed], *_: object) -> None:
    coalescer.close()
    while feeds:
        feed = feeds.pop()
        try:
            feed.engine.run_on_loop(feed.close)
        except StateError:  # the loop is closed: nothing is published on it any more
            continue
