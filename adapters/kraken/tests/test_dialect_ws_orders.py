"""Trading on WebSocket v2: requests, acknowledgements, refusals, tokens."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from .dialect_trader import Trader
from .dialect_wire import Wire, quoted


@pytest.fixture
def wire() -> Wire:
    return quoted()


@pytest.fixture
def trader(wire: Wire) -> Trader:
    return Trader(wire, "executions", "balances")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"limit_price": "50000"}, "Limit_price field must be a number_float"),
        ({"order_qty": "0.01"}, "Order_qty field must be a number_float"),
        ({"order_qty": True}, "Order_qty field must be a number_float"),
        ({"cash_order_qty": "5"}, "Cash_order_qty field must be a number_float"),
        ({"symbol": "XBT/USD"}, "Currency pair not supported XBT/USD"),
        ({"symbol": 5}, "Symbol field must be a string"),
        ({"side": "hold"}, "EGeneral:Invalid arguments:type"),
        ({"order_type": "dance", "limit_price": None}, "EGeneral:Invalid arguments:ordertype"),
        ({"limit_price": None}, "EGeneral:Invalid arguments:limit_price"),
        ({"limit_price": -5}, "EGeneral:Invalid arguments:limit_price"),
        ({"triggers": {"price": 5}}, "EGeneral:Invalid arguments:triggers"),
        ({"triggers": 5}, "Triggers field must be an object"),
        ({"limit_price": 50_000.12}, "EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals."),
        ({"order_qty": 9}, "EOrder:Insufficient funds"),
        ({"order_qty": 0.00001}, "EOrder:Order minimum not met"),
        ({"no_mpp": True}, "EGeneral:Invalid arguments:no_mpp order option is only available when ordertype = market"),
        ({"stp_type": "cancel-newest"}, "EGeneral:Invalid arguments:stp_type"),
        ({"margin": True}, "EGeneral:Invalid arguments:margin"),
        ({"reduce_only": True}, "EOrder:Reduce only:No position exists"),
        ({"conditional": {"order_type": "limit"}}, "EGeneral:Invalid arguments:conditional"),
        ({"price": 5}, "Unsupported field: 'price' for the given msg type: add order"),
        ({"deadline": "2027-01-15T07:00:00Z"}, "EService:Deadline elapsed"),
        ({"time_in_force": "gtd", "expire_time": "2027-01-15T07:00:00Z"}, "EGeneral:Invalid arguments:expiretm"),
    ],
)
def test_each_violation_is_refused_in_the_venues_words(trader: Trader, change: dict[str, Any], text: str) -> None:
    answer = trader.order(**change)
    assert (answer["error"], answer["success"], answer["req_id"]) == (text, False, 7)
    assert trader.rows() == []


def test_a_token_is_what_opens_the_private_part(wire: Wire) -> None:
    session, heard = wire.socket()
    wire.ask(session, "add_order", order_type="limit")
    wire.ask(session, "add_order", order_type="limit", token="none")
    wire.ask(session, "cancel_all", token=5)
    assert [said["error"] for said in heard] == [
        "Token(s) not found", "ESession:Invalid session", "Token field must be a string",
    ]  # fmt: skip


def test_a_token_dies_after_15_minutes_unless_a_private_channel_lives_on_it(wire: Wire) -> None:
    used, unused = Trader(wire, "balances"), Trader(wire)
    wire.now_ns += 899 * 10**9
    assert unused.ask("cancel_all")["success"]
    wire.now_ns += 10**9
    assert unused.ask("cancel_all")["error"] == "ESession:Invalid session"
    assert used.ask("cancel_all")["success"]
    used.ask("unsubscribe", channel="balances")
    assert used.ask("cancel_all")["error"] == "ESession:Invalid session"


def test_validate_places_nothing(trader: Trader) -> None:
    assert trader.order(validate=True, cl_ord_id="mine")["result"] == {"cl_ord_id": "mine"}
    assert trader.order(validate=True, order_qty=9)["error"] == "EOrder:Insufficient funds"
    assert trader.rows() == []


def test_an_order_by_cost_and_with_the_fee_in_base(wire: Wire, trader: Trader) -> None:
    txid = trader.place(
        order_type="market", limit_price=None, order_qty=None, cash_order_qty=600.1, fee_preference="base"
    )
    first = trader.rows()[0]
    assert (first["cash_order_qty"], "order_qty" in first, first["fee_ccy_pref"]) == (D("600.1"), False, "fcib")
    assert trader.rows()[2]["fees"] == [{"asset": "BTC", "qty": D("0.00004")}]
    assert wire.query(txid)["cost"] == "600.10000"


def test_an_amend_is_told_and_keeps_the_id(trader: Trader) -> None:
    txid = trader.place(cl_ord_id="mine")
    by_id = trader.ask("amend_order", order_id=txid, order_qty=0.005, limit_price=50_001)["result"]
    assert (by_id["order_id"], by_id["amend_id"][0]) == (txid, "T")
    row = trader.rows()[-1]
    shown = {n: row[n] for n in ("exec_type", "order_status", "amended", "order_qty", "limit_price", "reason")}
    assert shown == {
        "exec_type": "amended",
        "order_status": "new",
        "amended": True,
        "order_qty": D("0.005"),
        "limit_price": 50_001,
        "reason": "User requested",
    }
    by_client = trader.ask("amend_order", cl_ord_id="mine", order_qty=0.004)["result"]
    assert by_client["cl_ord_id"] == "mine"
    for params, text in [
        ({"order_id": txid, "limit_price": "1"}, "Limit_price field must be a number_float"),
        ({"order_id": "OAAAAA-BBBBB-CCCCCC", "order_qty": 1}, "EOrder:Unknown order"),
        ({"order_id": txid}, "EGeneral:Invalid arguments"),
        ({"order_qty": 1}, "EGeneral:Invalid arguments:order_id"),
    ]:
        assert trader.ask("amend_order", **params)["error"] == text


def test_an_edit_is_a_new_order_with_the_name_of_the_old(trader: Trader) -> None:
    txid = trader.place()
    result = trader.ask("edit_order", order_id=txid, symbol="BTC/USD", order_qty=0.02, limit_price=50_001)["result"]
    assert result["original_order_id"] == txid
    assert trader.types()[2:] == [("canceled", "canceled"), ("pending_new", "pending_new"), ("new", "new")]
    assert (trader.rows()[2]["reason"], trader.rows()[3]["order_qty"]) == ("Order replaced", D("0.02"))
    again = trader.ask("edit_order", order_id=txid, symbol="BTC/USD", order_qty=0.02)
    assert again["error"] == "EOrder:Invalid order"


def test_each_order_of_a_cancel_is_acknowledged(trader: Trader) -> None:
    mine = [trader.place(), trader.place(cl_ord_id="b"), trader.place(order_userref=5), trader.place(order_userref=5)]
    trader.heard.clear()
    trader.ask("cancel_order", order_id=[mine[0], "OAAAAA-BBBBB-CCCCCC"], cl_ord_id=["b"], order_userref=[5])
    said = [frame for frame in trader.heard if "method" in frame]
    assert [frame.get("result", frame.get("error")) for frame in said] == [
        {"order_id": mine[0]},
        "EOrder:Unknown order",
        {"cl_ord_id": "b"},
        {"order_id": mine[2]},
        {"order_id": mine[3]},
    ]
    assert all(frame["req_id"] == 7 for frame in said)
    assert trader.ask("cancel_order")["error"] == "EGeneral:Invalid arguments:order_id"


def test_batches_and_cancels_of_everything(wire: Wire, trader: Trader) -> None:
    order = {"order_type": "limit", "side": "buy", "order_qty": 0.01, "limit_price": 50_000}
    placed = trader.ask("batch_add", symbol="BTC/USD", orders=[order, order | {"order_qty": 9}, order])["result"]
    assert [set(one) for one in placed] == [{"order_id"}, {"error"}, {"order_id"}]
    canceled = trader.ask("batch_cancel", orders=[placed[0]["order_id"], placed[2]["order_id"]])
    assert (canceled["orders_cancelled"], canceled["success"], "result" in canceled) == (2, True, False)
    assert trader.ask("batch_add", symbol="BTC/USD", orders=[order])["error"] == "Orders field must be an array"
    trader.place()
    assert trader.ask("cancel_all")["result"] == {"count": 1}
    trader.place()
    assert trader.ask("cancel_all_orders_after", timeout=5)["result"]["triggerTime"] == "2027-01-15T08:00:05Z"
    wire.later(6)
    assert trader.types()[-1] == ("canceled", "canceled")


def test_an_order_that_ends_at_its_time_is_told_as_expired(wire: Wire, trader: Trader) -> None:
    trader.place(time_in_force="gtd", expire_time="2027-01-15T08:00:05Z")
    assert trader.rows()[0]["expire_time"] == "2027-01-15T08:00:05.000000Z"
    wire.later(6)
    assert (trader.types()[-1], trader.rows()[-1]["reason"]) == (("expired", "expired"), "Order expired")
