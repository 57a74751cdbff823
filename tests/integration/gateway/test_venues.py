"""The same surface over every installed adapter."""

from __future__ import annotations

import queue
from typing import Any

import pytest

from foxtrot.gateway import Direction, EventEngine, Exchange, OrderRequest, OrderType, SubscribeRequest, ThreadedAdapter
from foxtrot.plugins import default_registry

VENUES = [
    spec.name
    for name in default_registry().names()
    if "sandbox" in (spec := default_registry().load(name)).environments
]


@pytest.mark.parametrize("venue", VENUES)
def test_a_day_at_the_desk_is_the_same_everywhere(venue: str) -> None:
    desk = Exchange(venue.upper())
    engine, told = EventEngine(), queue.Queue[Any]()
    engine.register_general(told.put)
    engine.start()

    def until(kind: str, status: str = "") -> Any:
        while True:
            event = told.get(timeout=20)
            if event.type == kind and (not status or event.data.status.name == status):
                return event.data

    def order(kind: OrderType, price: Any) -> str:
        return adapter.send_order(OrderRequest("BTCUSDT", desk, Direction.LONG, kind, "0.001", price))

    with ThreadedAdapter(engine, desk.value) as adapter:
        assert adapter.exchange_name == venue
        assert adapter.connect({"Sandbox": True})
        assert until("eContract.").vt_symbol == f"BTCUSDT.{desk.value}"
        assert until(f"eAccount.{desk.value}.USDT").available > 0
        adapter.subscribe(SubscribeRequest("BTCUSDT", desk))
        tick = until(f"eTick.BTCUSDT.{desk.value}")
        while not (tick.bid_price_5 and tick.last_price):
            tick = until("eTick.")
        assert tick.ask_price_1 > tick.bid_price_1 > tick.bid_price_5

        resting = order(OrderType.LIMIT, 30000)
        adapter.cancel_order(until(f"eOrder.{resting}", "NOTTRADED").create_cancel_request())
        until(f"eOrder.{resting}", "CANCELLED")
        bought = order(OrderType.MARKET, 0)
        until(f"eOrder.{bought}", "ALLTRADED")
        assert until("eTrade.").vt_orderid == bought
        wrong = order(OrderType.LIMIT, "30000.0000001")
        assert until(f"eOrder.{wrong}", "REJECTED").extra["error"] == "OrderDenied"
    engine.stop()
