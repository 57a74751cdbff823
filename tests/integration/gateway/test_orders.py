"""What is told of an order: SUBMITTING first, its states in their order, REJECTED only when that is certain."""

from __future__ import annotations

import queue
import re
import threading
from decimal import Decimal
from typing import Any

import pytest

from foxtrot.gateway import (
    CancelRequest,
    Direction,
    Event,
    Exchange,
    Offset,
    OrderRequest,
    OrderType,
    Status,
    ThreadedAdapter,
)
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET

ERROR = 40


def test_an_order_rests_and_is_cancelled(desk: Any, venue: Any) -> None:
    vt_orderid = desk.buy()
    gateway, _, orderid = vt_orderid.partition(".")
    assert gateway == "BINANCE"
    resting = desk.wait_status(vt_orderid, "NOTTRADED")
    assert venue.orders()[orderid].status.open  # the id was ours before anything was sent
    assert (resting.symbol, resting.vt_symbol, resting.is_active()) == ("BTCUSDT", "BTCUSDT.BINANCE", True)
    desk.adapter.cancel_order(resting.create_cancel_request())
    desk.wait_status(vt_orderid, "CANCELLED")
    assert desk.statuses(vt_orderid)[0] == "SUBMITTING"
    assert not venue.orders()[orderid].status.open


def test_an_execution_is_told_as_order_and_trade_with_the_exact_numbers_beside_the_floats(desk: Any) -> None:
    vt_orderid = desk.buy("0.001", "90000.01", offset=Offset.OPEN, reference="my strategy")
    order = desk.wait_status(vt_orderid, "ALLTRADED")
    desk.wait(lambda: sum(t.extra["volume"] for t in desk.trades()) == Decimal("0.001"))
    assert (order.price, order.volume, order.traded) == (90000.01, 0.001, 0.001)
    assert order.volume - order.traded == 0  # as code written for vn.py computes
    assert (order.extra["price"], order.extra["traded"]) == (Decimal("90000.01"), Decimal("0.001"))
    assert (order.offset, order.reference) == (Offset.OPEN, "my strategy")
    trade = desk.trades()[0]
    assert (trade.vt_orderid, trade.direction, trade.offset) == (vt_orderid, Direction.LONG, Offset.OPEN)
    assert trade.extra["fee"] > 0
    topics = {event.type for event in desk.heard}
    assert {f"eOrder.{vt_orderid}", "eTrade.BTCUSDT.BINANCE", "eAccount.BINANCE.BTC"} <= topics


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTCUSDT.BINANCE", "BTC/USDT"])
def test_a_symbol_may_be_written_in_each_usual_form(desk: Any, symbol: str) -> None:
    resting = desk.wait_status(desk.buy(symbol=symbol), "NOTTRADED")
    assert resting.vt_symbol == "BTCUSDT.BINANCE"


@pytest.mark.parametrize(
    ("kind", "price", "ends"),
    [
        (OrderType.MARKET, 0, "ALLTRADED"),
        (OrderType.FAK, "30000", "CANCELLED"),
        (OrderType.FOK, "30000", "CANCELLED"),
        (OrderType.STOP, "90000", "NOTTRADED"),
    ],
)
def test_each_type_of_order_is_what_it_says(desk: Any, kind: OrderType, price: Any, ends: str) -> None:
    order = desk.wait_status(desk.buy(price=price, type=kind), ends)
    assert order.type is kind
    assert order.price == float(price)


BAD = {
    "more decimals of price": ({"price": "30000.001"}, "more than 2 decimals|no multiple of the tick"),
    "more decimals of volume": ({"volume": 0.0010000001}, "decimals|no multiple of the step"),
    "a sum of floats": ({"volume": 0.1 + 0.2}, "0.30000000000000004"),
    "no number": ({"price": "cheap"}, "price must be a number"),
    "nothing": ({"price": None}, "price must be a number"),
    "NaN": ({"price": float("nan")}, "price must be finite"),
    "infinity": ({"volume": float("inf")}, "quantity must be finite"),
    "zero": ({"volume": 0}, "must be greater than 0"),
    "negative": ({"price": -1}, "must be greater than 0"),
    "too small": ({"volume": "0.00001"}, "is below the minimum"),
    "an unknown symbol": ({"symbol": "BTCUSTD"}, "Did you mean BTCUSDT"),
    "no symbol": ({"symbol": ""}, "symbol must be a text"),
    "another gateway's symbol": ({"symbol": "BTCUSDT.OTHER"}, "no symbol 'BTCUSDT.OTHER'"),
    "another exchange": ({"exchange": Exchange.KRX}, "exchange must be Exchange"),
    "no direction": ({"direction": Direction.NET}, "direction must be LONG or SHORT"),
    "an unknown type": ({"type": OrderType("RFQ")}, "RFQ are not offered"),
}


@pytest.mark.parametrize(("changes", "reason"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_an_order_is_rejected_with_the_reason_and_nothing_is_sent(
    desk: Any, venue: Any, changes: dict[str, Any], reason: str
) -> None:
    vt_orderid = desk.buy(**changes)
    order = desk.wait_status(vt_orderid, "REJECTED")
    assert vt_orderid.startswith("BINANCE.")
    assert desk.statuses(vt_orderid)[0] == "SUBMITTING"
    log = desk.wait_log(order.orderid)
    assert log.level == ERROR
    assert re.search(reason, order.extra["reason"]), order.extra
    assert re.search(reason, log.msg)
    assert venue.orders() == {}


def test_a_refusal_for_wrong_precision_names_its_type_the_rule_and_the_nearest_legal_value(desk: Any) -> None:
    order = desk.wait_status(desk.buy(price="30000.019"), "REJECTED")
    assert order.extra["error"] == "OrderDenied"
    assert order.extra["nearest"] == Decimal("30000.01")
    assert order.extra["rule"]


def test_what_the_venue_refuses_is_rejected_in_its_words(desk: Any) -> None:
    order = desk.wait_status(desk.buy("100", "30000"), "REJECTED")  # more than the account has
    assert order.extra["error"] == "InsufficientFunds"
    assert desk.wait_log(order.orderid).level == ERROR


@pytest.mark.parametrize("fault", ["answer_lost", "answer_silent", "bad_gateway", "unknown_outcome"])
def test_an_order_whose_answer_was_lost_is_never_told_as_rejected(desk: Any, venue: Any, fault: str) -> None:
    desk.wait_status(desk.buy(), "NOTTRADED")  # what is asked once in a while was asked
    venue.fault(fault)
    vt_orderid = desk.buy(price="29000")
    desk.wait_status(vt_orderid, "NOTTRADED")
    assert set(desk.statuses(vt_orderid)) == {"SUBMITTING", "NOTTRADED"}


def test_an_order_in_doubt_shows_as_submitting_with_the_reason_until_it_is_proven_absent(desk: Any, venue: Any) -> None:
    desk.wait_status(desk.buy(), "NOTTRADED")
    venue.fault("request_lost")
    vt_orderid = desk.buy(price="29000")
    desk.wait_log("is in doubt")
    [doubtful] = [data for data in desk.orders[vt_orderid] if data.extra["state"] == "in_doubt"]
    assert (doubtful.status, doubtful.is_active()) == (Status.SUBMITTING, True)
    assert doubtful.extra["reason"]
    desk.wait_status(vt_orderid, "REJECTED")
    assert vt_orderid.partition(".")[2] not in venue.orders()


def test_an_order_is_cancelled_though_its_placement_is_not_answered_yet(desk: Any, venue: Any) -> None:
    for _ in range(20):
        vt_orderid = desk.buy()
        desk.cancel(vt_orderid)  # at once
        desk.wait_status(vt_orderid, "CANCELLED")
    assert venue.look(lambda s: s.venue.open_orders(s.dialect.account)) == []


def test_an_order_cancelled_while_in_doubt_does_not_stay_open_when_it_arrives_late(make_desk: Any, venue: Any) -> None:
    desk = make_desk(orders={"visibility_s": 30.0, "reconcile_interval_s": 0})
    desk.connect()
    desk.wait_status(desk.buy(), "NOTTRADED")
    venue.fault("request_late")
    vt_orderid = desk.buy(price="29000")
    desk.wait_log("is in doubt")
    desk.cancel(vt_orderid)
    desk.wait_status(vt_orderid, "CANCELLED")
    assert "REJECTED" not in desk.statuses(vt_orderid)
    assert not venue.orders()[vt_orderid.partition(".")[2]].status.open


def test_the_cancel_of_a_finished_order_is_a_line_in_the_log_and_changes_nothing(desk: Any) -> None:
    vt_orderid = desk.buy("0.001", "90000")
    desk.wait_status(vt_orderid, "ALLTRADED")
    told = len(desk.orders[vt_orderid])
    desk.cancel(vt_orderid)
    assert "ALLTRADED already" in desk.wait_log("is not cancelled").msg
    assert len(desk.orders[vt_orderid]) == told


def test_the_cancel_of_an_unknown_order_is_a_line_in_the_log(desk: Any) -> None:
    desk.adapter.cancel_order(CancelRequest("nobodys", "BTCUSDT", Exchange.BINANCE))
    assert desk.wait_log("nobodys is not cancelled").level == ERROR
    assert desk.orders == {}


def test_a_request_changed_after_it_was_sent_changes_nothing(venue: Any) -> None:
    begun, go, resting = threading.Event(), threading.Event(), queue.Queue[Any]()

    class Busy:
        """Hold the adapter's thread up at the first order, so that the second one waits for it."""

        def put(self, event: Event) -> None:
            if event.type == "eOrder." and event.data.status is Status.SUBMITTING:
                begun.set()
                go.wait(20)
            elif event.type == "eOrder.":
                resting.put(event.data)

    config = {"rest_url": f"http://{venue.sandbox.base}"}
    with ThreadedAdapter(Busy(), "DESK", exchange="binanceus", config=config) as adapter:
        assert adapter.connect({"API Key": DEFAULT_KEY, "Secret": DEFAULT_SECRET})
        req = OrderRequest("BTCUSDT", Exchange.DESK, Direction.LONG, OrderType.LIMIT, 0.001, 30000)
        adapter.send_order(req)
        assert begun.wait(20)
        second = adapter.send_order(req)
        req.volume, req.symbol = 5, "ETHUSDT"
        go.set()
        told = {data.vt_orderid: data for data in (resting.get(timeout=20), resting.get(timeout=20))}
    assert (told[second].volume, told[second].symbol, told[second].status) == (0.001, "BTCUSDT", Status.NOTTRADED)
