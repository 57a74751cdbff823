"""A venue on a thread of its own, and a trading desk of threads that trades there through the gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from foxtrot.gateway import (
    BinanceusAdapter,  # type: ignore[attr-defined]  # made when asked for
    CancelRequest,
    Direction,
    Event,
    EventEngine,
    Exchange,
    LogData,
    OrderData,
    OrderRequest,
    OrderType,
    ThreadedAdapter,
    TradeData,
)
from foxtrot.gateway.loop import LoopThread
from foxtrot.plugins import default_registry
from foxtrot.sandbox.embedded import Sandbox, make_options
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET
from foxtrot.sandbox.switches import parse_order
from foxtrot.sandbox.types import VenueOrder

T = TypeVar("T")
KEYS = {"API Key": DEFAULT_KEY, "Secret": DEFAULT_SECRET, "Sandbox": True}


class Venue:
    """Run a sandbox on its own thread; `look` reads it there."""

    def __init__(self, **options: Any) -> None:
        self.loop = LoopThread("sandbox")
        settings = {"rate": 0, "symbols": ("BTC/USDT",), "history_days": 1, **options}

        async def start() -> Sandbox:
            return await Sandbox.start(make_options(settings, "binanceus"), default_registry().load("binanceus"))

        self.sandbox = self.loop.run(start)

    def look(self, read: Callable[[Sandbox], T]) -> T:
        async def work() -> T:
            return read(self.sandbox)

        return self.loop.run(work)

    def fault(self, *orders: str) -> None:
        self.look(lambda s: [s.faults.switch(parse_order(order)) for order in orders])

    def orders(self) -> dict[str, VenueOrder]:
        found = self.look(lambda s: s.venue.orders(s.dialect.account, "BTC/USDT"))
        return {order.client_order_id: order for order in found}

    def stop(self) -> None:
        self.loop.run(self.sandbox.stop)
        self.loop.close()


class Desk:
    """Hear everything, and wait for it; `orders` are the states told of each order, in the order of their coming."""

    def __init__(self, venue: Venue, **config: Any) -> None:
        self.engine = EventEngine()
        self.heard: list[Event] = []
        self.orders: dict[str, list[OrderData]] = {}
        self._changed = threading.Condition()
        self.engine.register_general(self._on_event)
        self.engine.start()
        tables = {
            "rest_url": f"http://{venue.sandbox.base}",
            "transport": {"request_timeout_s": 1.0, "connect_timeout_s": 20.0},
            "retry": {"reconnect_initial_s": 0.05, "reconnect_max_s": 0.5},
            "orders": {"visibility_s": 0.5, "reconcile_interval_s": 0},
        }
        self.adapter: ThreadedAdapter = BinanceusAdapter(self.engine, "BINANCE", config={**tables, **config})

    def _on_event(self, event: Event) -> None:
        with self._changed:
            self.heard.append(event)
            if event.type == "eOrder.":
                self.orders.setdefault(event.data.vt_orderid, []).append(event.data)
            self._changed.notify_all()

    def wait(self, condition: Callable[[], T], timeout_s: float = 20.0) -> T:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), f"did not come; heard last: {self.heard[-5:]}"
            return condition()

    def wait_status(self, vt_orderid: str, *names: str) -> OrderData:
        self.wait(lambda: self.statuses(vt_orderid)[-1:] and self.statuses(vt_orderid)[-1] in names)
        return self.orders[vt_orderid][-1]

    def wait_log(self, part: str) -> LogData:
        found: LogData = self.wait(lambda: next((log for log in self.logs() if part in log.msg), None))  # type: ignore[assignment]
        return found

    def statuses(self, vt_orderid: str) -> list[str]:
        return [data.status.name for data in self.orders.get(vt_orderid, [])]

    def logs(self) -> list[LogData]:
        return [event.data for event in self.heard if event.type == "eLog"]

    def trades(self) -> list[TradeData]:
        return [event.data for event in self.heard if event.type == "eTrade."]

    def connect(self, **settings: Any) -> None:
        assert self.adapter.connect({**KEYS, **settings}) is True

    def buy(self, volume: Any = "0.001", price: Any = "30000", **changes: Any) -> str:
        fields = {"direction": Direction.LONG, "type": OrderType.LIMIT, **changes}
        symbol, exchange = fields.pop("symbol", "BTCUSDT"), fields.pop("exchange", Exchange.BINANCE)
        return self.adapter.send_order(OrderRequest(symbol, exchange, volume=volume, price=price, **fields))

    def cancel(self, vt_orderid: str) -> None:
        self.adapter.cancel_order(CancelRequest(vt_orderid.partition(".")[2], "BTCUSDT", Exchange.BINANCE))

    def stop(self) -> None:
        self.adapter.close()
        self.engine.stop()


@pytest.fixture
def venue() -> Iterator[Venue]:
    made = Venue()
    yield made
    made.stop()


@pytest.fixture
def desk(venue: Venue) -> Iterator[Desk]:
    made = Desk(venue)
    made.connect()
    yield made
    made.stop()


@pytest.fixture
def make_desk(venue: Venue) -> Iterator[Callable[..., Desk]]:
    """Return what makes desks that are not connected yet."""
    made: list[Desk] = []

    def make(**config: Any) -> Desk:
        made.append(Desk(venue, **config))
        return made[-1]

    yield make
    for one in made:
        one.stop()
