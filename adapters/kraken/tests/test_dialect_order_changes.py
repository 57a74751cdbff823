"""Orders over REST: amends, edits, batches, and cancels of everything."""

from __future__ import annotations

import re

import pytest

from foxtrot.model.order import Side

from .dialect_wire import Wire, fields, quoted

TXID = re.compile(r"O[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")


@pytest.fixture
def wire() -> Wire:
    return quoted()


def test_an_amend_keeps_the_id_and_the_place_when_it_takes_less(wire: Wire) -> None:
    mine = wire.place(price="59999", volume="0.5")
    wire.offer(Side.BUY, "0.5", "59999")
    reply = wire.ok("AmendOrder", txid=mine, order_qty="0.4")
    assert reply["amend_id"][0] == "T"
    wire.offer(Side.SELL, "0.3", "59999")
    assert fields(wire.query(mine), "status", "vol", "vol_exec", "amended") == [
        "open", "0.40000000", "0.30000000", True,
    ]  # fmt: skip
    # more quantity goes to the end of the queue
    wire.ok("AmendOrder", txid=mine, order_qty="0.9")
    wire.offer(Side.SELL, "0.5", "59999")
    assert wire.query(mine)["vol_exec"] == "0.30000000"
    # and what is filled already ends it
    wire.ok("AmendOrder", txid=mine, order_qty="0.3")
    assert fields(wire.query(mine), "status", "reason", "vol_exec") == ["canceled", "User requested", "0.30000000"]


def test_an_amended_price_takes_what_it_meets_unless_it_is_to_be_post_only(wire: Wire) -> None:
    mine = wire.place(price="59999", volume="0.5", cl_ord_id="mine")
    refused = wire.post("AmendOrder", cl_ord_id="mine", limit_price="60010", post_only="true")
    assert refused == {"error": ["EOrder:Post only order"]}
    assert wire.query(mine)["descr"]["price"] == "59999.0"
    wire.ok("AmendOrder", cl_ord_id="mine", limit_price="60010")
    assert fields(wire.query(mine), "status", "vol_exec") == ["closed", "0.50000000"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "EGeneral:Invalid arguments"),
        ({"order_qty": "99"}, "EOrder:Insufficient funds"),
        ({"order_qty": "0.00001"}, "EOrder:Order minimum not met"),
        ({"limit_price": "50000.12"}, "EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals."),
        ({"limit_price": "abc"}, "EGeneral:Invalid arguments:limit_price"),
        ({"txid": "OAAAAA-BBBBB-CCCCCC", "order_qty": "1"}, "EOrder:Unknown order"),
    ],
)
def test_an_amend_that_is_refused_changes_nothing(wire: Wire, change: dict[str, str], text: str) -> None:
    mine = wire.place()
    assert wire.post("AmendOrder", **({"txid": mine} | change)) == {"error": [text]}
    assert fields(wire.query(mine), "vol", "status") == ["0.01000000", "open"]


def test_an_edit_is_a_new_order(wire: Wire) -> None:
    mine = wire.place(userref="5")
    reply = wire.ok("EditOrder", txid=mine, pair="XBTUSD", volume="0.02", price="50001")
    assert fields(reply, "originaltxid", "status", "volume", "price", "orders_cancelled") == [
        mine, "ok", "0.02000000", "50001", 1,
    ]  # fmt: skip
    assert fields(wire.query(mine), "status", "reason") == ["canceled", "Order replaced"]
    found = wire.query(reply["txid"])
    assert fields(found, "status", "vol", "userref") == ["open", "0.02000000", 5]
    assert wire.post("EditOrder", txid=mine, pair="XBTUSD", volume="0.02") == {"error": ["EOrder:Invalid order"]}


def test_an_edit_that_is_no_order_leaves_the_old_one(wire: Wire) -> None:
    mine = wire.place()
    answer = wire.post("EditOrder", txid=mine, pair="XBTUSD", volume="0.00001")
    assert answer == {"error": ["EOrder:Order minimum not met"]}
    assert wire.query(mine)["status"] == "open"


def test_a_batch_places_each_order_for_itself(wire: Wire) -> None:
    order = {"ordertype": "limit", "type": "buy", "price": "50000", "volume": "0.01"}
    orders = [order | {"cl_ord_id": "a"}, order | {"volume": "9"}, order | {"price": "50001"}]
    answer = wire.post_json("AddOrderBatch", pair="XBTUSD", orders=orders)
    first, second, third = answer["result"]["orders"]
    assert TXID.fullmatch(first["txid"])
    assert second == {"error": "EOrder:Insufficient funds"}
    assert set(wire.ok("OpenOrders")["open"]) == {first["txid"], third["txid"]}
    broken = wire.post_json("AddOrderBatch", pair="XBTUSD", orders=[order, order | {"type": "x"}])
    assert broken == {"error": ["EGeneral:Invalid arguments:type"]}
    for bad in ([order], [order] * 16, "x", [order, 5]):
        assert wire.post_json("AddOrderBatch", pair="XBTUSD", orders=bad) == {
            "error": ["EGeneral:Invalid arguments:orders"]
        }
    canceled = wire.post_json("CancelOrderBatch", orders=[first["txid"], third["txid"], first["txid"]])
    assert canceled["result"] == {"count": 2}


def test_a_batch_may_come_as_a_form_and_be_validated_only(wire: Wire) -> None:
    form = {
        f"orders[{n}][{name}]": value
        for n in range(2)
        for name, value in {"ordertype": "limit", "type": "buy", "price": "50000", "volume": "0.01"}.items()
    }
    reply = wire.ok("AddOrderBatch", pair="XBTUSD", validate="true", **form)
    assert reply == {"orders": [{"descr": {"order": "buy 0.01000000 XBTUSD @ limit 50000.0"}}] * 2}
    assert wire.ok("OpenOrders")["open"] == {}


def test_cancel_all_counts(wire: Wire) -> None:
    assert wire.ok("CancelAll") == {"count": 0}
    wire.place()
    wire.place(pair="XBTUSDT")
    assert wire.ok("CancelAll") == {"count": 2}
    assert wire.ok("OpenOrders")["open"] == {}


def test_the_dead_mans_switch_fires_by_the_venues_clock(wire: Wire) -> None:
    txid = wire.place()
    assert wire.ok("CancelAllOrdersAfter", timeout="60") == {
        "currentTime": "2027-01-15T08:00:00Z",
        "triggerTime": "2027-01-15T08:01:00Z",
    }
    wire.later(50, step=1)
    wire.ok("CancelAllOrdersAfter", timeout="20")
    wire.later(15, step=1)
    assert wire.query(txid)["status"] == "open"
    wire.later(6, step=1)
    assert wire.query(txid)["status"] == "canceled"
    again = wire.place()
    wire.ok("CancelAllOrdersAfter", timeout="5")
    assert wire.ok("CancelAllOrdersAfter", timeout="0")["triggerTime"] == "0"
    wire.later(10, step=1)
    assert wire.query(again)["status"] == "open"
    for bad in ("", "-1", "x", "86401"):
        assert wire.post("CancelAllOrdersAfter", timeout=bad) == {"error": ["EGeneral:Invalid arguments:timeout"]}
