"""What an engine on another thread tells arrives as signals on the GUI's, coalesced, and nothing comes afterwards.

Only QtCore is used here, which needs no screen and no libraries of the system.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, QTimer, SignalInstance

from foxtrot.clock import SystemClock
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import InvalidRequest
from foxtrot.model.events import (
    AdapterState,
    BookInvalidated,
    BookUpdated,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    StateChanged,
    Ticker,
    Trade,
)
from foxtrot.model.order import Order, OrderType, Side
from foxtrot.model.orderbook import OrderBook
from foxtrot.qt import DataCollector

T = TypeVar("T")
WAIT_MS = 20_000
ORDER = Order(exchange="alpha", symbol="BTC/USDT", client_order_id="x-1", side=Side.BUY, type=OrderType.LIMIT)
END = StateChanged("alpha", "", 0, 0, 9, AdapterState.READY, AdapterState.DISCONNECTED, "the end")


def ticker(number: int, symbol: str = "BTC/USDT") -> Ticker:
    return Ticker("alpha", symbol, 0, 0, number, float(number), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)


def trade(number: int) -> Trade:
    return Trade("alpha", "BTC/USDT", 0, 0, number, number, 1.0, 1.0, Side.BUY)


class Market:
    """An engine on a loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.engine = EventEngine(SystemClock())
        self.run(self.engine.start())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_MS / 1000)

    def publish(self, *events: Event) -> None:
        """Return when all are published."""

        async def work() -> None:
            for event in events:
                self.engine.publish(event)

        self.run(work())

    def subscriptions(self) -> list[str]:
        async def names() -> list[str]:
            return [one.name for one in self.engine.stats()]

        return self.run(names())

    def close(self) -> None:
        self.run(self.engine.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(autouse=True)
def app() -> QCoreApplication:
    return QCoreApplication.instance() or QCoreApplication([])


@pytest.fixture
def market() -> Iterator[Market]:
    made = Market()
    yield made
    made.close()


@pytest.fixture
def collector(market: Market) -> Iterator[DataCollector]:
    made = DataCollector(market.engine, rate_hz=1000)
    yield made
    made.close()


def heard(signal: SignalInstance) -> list[Any]:
    values: list[Any] = []
    signal.connect(values.append)
    return values


def wait(signal: SignalInstance, until: Callable[[], object] = lambda: True) -> None:
    """Run the Qt loop until an emission after which `until` holds."""
    loop = QEventLoop()

    def look(*_: object) -> None:
        if until():
            loop.quit()

    signal.connect(look)
    QTimer.singleShot(WAIT_MS, loop, lambda: loop.exit(1))
    assert loop.exec() == 0, "it never came"
    signal.disconnect(look)


def turn(times: int = 3) -> None:
    """Let Qt do all that waits to be done."""
    for _ in range(times):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, 0)


def test_events_of_another_thread_arrive_on_the_guis(market: Market, collector: DataCollector) -> None:
    threads: list[int] = []
    collector.ticker.connect(lambda _: threads.append(threading.get_ident()))
    tickers = heard(collector.ticker)
    market.publish(ticker(1))
    wait(collector.ticker)
    assert tickers == [ticker(1)]
    assert threads == [threading.get_ident()] != [market.thread.ident]


def test_ten_thousand_trades_and_orders_arrive_in_order_and_ten_thousand_tickers_as_their_latest(
    market: Market,
) -> None:
    collector = DataCollector(market.engine, rate_hz=50)
    trades, orders, tickers, wakes = (
        heard(collector.trades),
        heard(collector.orders),
        heard(collector.ticker),
        heard(collector.state),
    )
    told = [OrderAccepted("alpha", "BTC/USDT", 0, 0, number, ORDER) for number in range(10_000)]

    def flood() -> None:
        for number in range(0, 10_000, 100):
            some = range(number, number + 100)
            market.publish(*(e for n in some for e in (trade(n), told[n], ticker(n))))
        market.publish(END)

    began = time.monotonic()
    source = threading.Thread(target=flood)
    source.start()
    wait(collector.state, lambda: wakes[-1] == END)
    took = time.monotonic() - began
    source.join()
    collector.close()

    assert [one for some in trades for one in some] == [trade(number) for number in range(10_000)]
    assert [one for some in orders for one in some] == told
    assert tickers[-1] == ticker(9_999)
    assert 1 <= len(tickers) <= took * 50 + 2
    assert len(trades) <= took * 50 + 2


def test_ten_thousand_symbols_are_ten_thousand_emissions(market: Market, collector: DataCollector) -> None:
    tickers = heard(collector.ticker)
    sent = [ticker(number, f"C{number}/USDT") for number in range(10_000)]
    market.publish(*sent)
    wait(collector.ticker, lambda: len(tickers) == 10_000)
    assert tickers == sent


def test_flushes_keep_the_chosen_rate(market: Market) -> None:
    collector = DataCollector(market.engine, rate_hz=10)
    times: list[float] = []
    collector.ticker.connect(lambda _: times.append(time.monotonic()))
    for number in range(4):
        market.publish(ticker(number))
        wait(collector.ticker)
    collector.close()
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.095


def test_the_first_flush_comes_at_once(market: Market) -> None:
    collector = DataCollector(market.engine, rate_hz=0.001)
    market.publish(ticker(1))
    wait(collector.ticker)
    collector.close()


def test_what_came_before_the_qt_loop_started_is_not_lost(market: Market, collector: DataCollector) -> None:
    tickers, trades = heard(collector.ticker), heard(collector.trades)
    market.publish(*map(ticker, range(1_000)), *map(trade, range(1_000)))
    assert (tickers, trades) == ([], [])
    wait(collector.ticker)
    assert tickers == [ticker(999)]
    assert trades == [[trade(number) for number in range(1_000)]]


def test_the_last_events_of_a_loop_that_ends_arrive() -> None:
    market = Market()
    collector = DataCollector(market.engine, rate_hz=5)
    states = heard(collector.state)
    market.publish(ticker(1))
    wait(collector.ticker)
    market.publish(END)
    market.close()
    wait(collector.state)
    assert states == [END]
    collector.close()


def test_with_one_thread_for_qt_and_asyncio_the_publisher_is_not_run_into() -> None:
    engine = EventEngine(SystemClock())
    collector = DataCollector(engine)
    tickers = heard(collector.ticker)
    engine.publish(ticker(1))
    assert tickers == []  # emitted by the Qt loop, not inside publish
    wait(collector.ticker)
    assert tickers == [ticker(1)]
    collector.close()


def test_books_arrive_whole_and_their_end_is_told(market: Market, collector: DataCollector) -> None:
    books, invalid = heard(collector.book), heard(collector.book_invalidated)
    whole = BookUpdated("alpha", "BTC/USDT", 0, 1, 1, 1, [(9.0, 1.0)], [(10.0, 1.0)], 9.0, 1.0, 10.0, 1.0, True)
    change = BookUpdated("alpha", "BTC/USDT", 0, 2, 2, 2, [(9.0, 2.0)], [], 9.0, 2.0, 10.0, 1.0)
    market.publish(whole, change)
    wait(collector.book)
    assert books == [OrderBook("alpha", "BTC/USDT", 2, 2, ((9.0, 2.0),), ((10.0, 1.0),))]
    end = BookInvalidated("alpha", "BTC/USDT", 0, 3, 3, "gap")
    market.publish(end)
    wait(collector.book_invalidated)
    assert invalid == [end]


def test_orders_come_before_the_market_data_of_the_same_flush(market: Market, collector: DataCollector) -> None:
    kinds: list[str] = []
    for name in ("ticker", "trades", "orders", "state"):
        getattr(collector, name).connect(lambda _, name=name: kinds.append(name))
    market.publish(ticker(1), trade(1), OrderCanceled("alpha", "BTC/USDT", 0, 0, 1, ORDER), END)
    wait(collector.state)
    assert kinds == ["orders", "trades", "ticker", "state"]


def test_nothing_is_emitted_after_close_not_even_what_waits(market: Market) -> None:
    collector = DataCollector(market.engine, rate_hz=1000)
    tickers = heard(collector.ticker)
    market.publish(ticker(1))
    collector.close()
    market.publish(ticker(2))
    turn()
    assert tickers == []
    assert market.subscriptions() == []
    collector.close()


def test_a_slot_may_close_the_collector_in_the_middle_of_a_flush(market: Market, collector: DataCollector) -> None:
    trades, tickers = heard(collector.trades), heard(collector.ticker)
    collector.orders.connect(lambda _: collector.close())
    market.publish(OrderAccepted("alpha", "BTC/USDT", 0, 0, 1, ORDER), trade(1), ticker(1))
    wait(collector.orders)
    turn()
    assert (trades, tickers) == ([], [])


def test_closing_after_the_loop_has_ended_is_harmless() -> None:
    async def leave_running() -> EventEngine:
        engine = EventEngine(SystemClock())
        await engine.start()
        return engine

    engines: list[EventEngine] = []
    thread = threading.Thread(target=lambda: engines.append(asyncio.run(leave_running())))
    thread.start()
    thread.join()
    collector = DataCollector()
    with pytest.raises(Exception, match="event loop is closed"):
        collector.add(engines[0])
    collector.close()


def by_shiboken(parent: QObject, collector: DataCollector) -> None:
    shiboken6.delete(collector)


def by_its_parent(parent: QObject, collector: DataCollector) -> None:
    shiboken6.delete(parent)


def by_qt_later(parent: QObject, collector: DataCollector) -> None:
    collector.deleteLater()
    QCoreApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete


@pytest.mark.parametrize("delete", [by_shiboken, by_its_parent, by_qt_later])
def test_a_deleted_collector_ends_its_subscriptions_and_harms_no_publisher(
    market: Market, delete: Callable[[QObject, DataCollector], None]
) -> None:
    parent = QObject()
    collector = DataCollector(market.engine, rate_hz=1000, parent=parent)
    tickers = heard(collector.ticker)
    market.publish(ticker(1))
    delete(parent, collector)
    assert not shiboken6.isValid(collector)
    market.publish(ticker(2))
    turn()
    assert tickers == []
    assert market.subscriptions() == []


def test_a_collector_that_nobody_holds_is_gone_at_once_on_its_own_thread(market: Market) -> None:
    gc.disable()  # a cycle would leave it to the collector of garbage, which may run on any thread
    try:
        collector = DataCollector(market.engine, rate_hz=1000)
        market.publish(ticker(1))
        wait(collector.ticker)
        gone = weakref.ref(collector)
        del collector
        assert gone() is None
        assert market.subscriptions() == []
    finally:
        gc.enable()


def test_collectors_are_deleted_unharmed_in_the_middle_of_a_flood(market: Market) -> None:
    flooding = True

    def flood() -> None:
        number = 0
        while flooding:
            market.publish(*(ticker(number + one) for one in range(50)))
            number += 50

    source = threading.Thread(target=flood)
    source.start()
    try:
        for _ in range(200):
            collector = DataCollector(market.engine, rate_hz=10_000)
            wait(collector.ticker)
            shiboken6.delete(collector)
    finally:
        flooding = False
        source.join()
    assert market.subscriptions() == []


def test_an_exception_in_a_slot_harms_neither_other_slots_nor_later_events_nor_the_engine(
    market: Market, collector: DataCollector, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a slot is broken")

    collector.trades.connect(broken)
    collector.ticker.connect(broken)
    trades, tickers, states = heard(collector.trades), heard(collector.ticker), heard(collector.state)
    market.publish(trade(1), ticker(1), END)
    wait(collector.state)
    market.publish(trade(2), ticker(2))
    wait(collector.ticker)
    assert (trades, tickers, states) == ([[trade(1)], [trade(2)]], [ticker(1), ticker(2)], [END])
    assert capfd.readouterr().err.count("RuntimeError: a slot is broken") == 4

    async def failed() -> int:
        return sum(one.failed for one in market.engine.stats())

    assert market.run(failed()) == 0


def test_sources_can_be_added_while_they_run(market: Market, collector: DataCollector) -> None:
    other = Market()
    states = heard(collector.state)
    collector.add(other.engine)
    other.publish(END)
    wait(collector.state)
    assert states == [END]
    collector.close()
    assert other.subscriptions() == market.subscriptions() == []
    other.close()


def test_every_kind_of_order_event_is_in_the_list() -> None:
    engine = EventEngine(SystemClock())
    collector = DataCollector(engine)
    orders = heard(collector.orders)
    kinds = [kind for kind in OrderEvent.__subclasses__() if kind.__name__ != "OrderFilled"]
    for kind in kinds:
        engine.publish(kind("alpha", "BTC/USDT", 0, 0, 1, ORDER))
    wait(collector.orders)
    assert [type(event) for event in orders[0]] == kinds
    collector.close()


@pytest.mark.parametrize("rate_hz", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_makes_no_sense_is_refused(rate_hz: float) -> None:
    with pytest.raises(InvalidRequest, match="rate_hz must be a number above 0"):
        DataCollector(rate_hz=rate_hz)


def test_a_depth_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="depth must be at least 1 level, not 0"):
        DataCollector(depth=0)


def test_without_pyside_it_is_said_how_to_install_it() -> None:
    code = "import sys; sys.modules['PySide6'] = None; import foxtrot.qt"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ConfigError: foxtrot.qt needs PySide6; install it with: pip install 'foxtrot[qt]'." in done.stderr
