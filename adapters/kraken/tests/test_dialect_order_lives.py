"""Orders over REST: what becomes of each kind of them."""

from __future__ import annotations

import pytest

from foxtrot.model.order import Side

from .dialect_wire import START_NS, Wire, fields, quoted


@pytest.fixture
def wire() -> Wire:
    return quoted()


def test_post_only_orders_rest_or_are_accepted_and_canceled(wire: Wire) -> None:
    rests = wire.query(wire.place(oflags="post"))
    assert fields(rests, "status", "oflags") == ["open", "fciq,post"]
    takes = wire.query(wire.place(oflags="post", price="60010"))
    assert fields(takes, "status", "reason", "vol_exec") == ["canceled", "Post only order", "0.00000000"]
    assert wire.ok("BalanceEx")["ZUSD"]["hold_trade"] == "502.0000"
    strict = Wire(post_only="refuse")
    strict.offer(Side.SELL, "1", "60010")
    assert strict.order(oflags="post", price="60010") == {"error": ["EOrder:Post only order"]}


def test_what_an_immediate_order_does_not_get_is_canceled(wire: Wire) -> None:
    found = wire.query(wire.place(price="60010", volume="1.2", timeinforce="IOC"))
    assert fields(found, "status", "vol_exec", "reason") == ["canceled", "1.00000000", "Immediate or cancel"]
    wire = Wire()
    wire.offer(Side.SELL, "1", "60010")
    none = wire.query(wire.place(price="60010", volume="1.2", timeinforce="FOK"))
    assert fields(none, "status", "vol_exec", "reason") == ["canceled", "0.00000000", "Fill or kill"]
    assert Wire(fill_or_kill=False).order(timeinforce="FOK") == {"error": ["EGeneral:Invalid arguments:timeinforce"]}


@pytest.mark.parametrize("expiretm", ["+10", str(START_NS // 10**9 + 11)])
def test_an_order_ends_at_its_time(wire: Wire, expiretm: str) -> None:
    txid = wire.place(timeinforce="GTD", expiretm=expiretm)
    assert wire.query(txid)["expiretm"] in (START_NS // 10**9 + 10, START_NS // 10**9 + 11)
    wire.later(9)
    assert wire.query(txid)["status"] == "open"
    wire.later(2)
    assert fields(wire.query(txid), "status", "reason") == ["expired", "Order expired"]
    assert wire.ok("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


@pytest.mark.parametrize(
    ("mode", "newest", "oldest"),
    [
        (None, "canceled", "open"),
        ("cancel-newest", "canceled", "open"),
        ("cancel-oldest", "open", "canceled"),
        ("cancel-both", "canceled", "canceled"),
    ],
)
def test_an_order_never_meets_its_own_account(mode: str | None, newest: str, oldest: str) -> None:
    wire = Wire()
    sell = wire.place(type="sell", price="60000", volume="0.5")
    buy = wire.place(price="60000", volume="0.5", stptype=mode)
    assert (wire.query(buy)["status"], wire.query(sell)["status"]) == (newest, oldest)
    assert wire.ok("TradesHistory")["count"] == 0


def test_a_stop_waits_triggers_and_trades(wire: Wire) -> None:
    txid = wire.place(type="sell", ordertype="stop-loss", price="59995", volume="0.5")
    waiting = wire.query(txid)
    assert fields(waiting, "status", "stopprice", "trigger", "misc") == ["open", "59995.00000", "last", ""]
    assert waiting["descr"]["order"] == "sell 0.50000000 XBTUSD @ stop loss 59995.0"
    wire.trade("59994", "0.1")
    done = wire.query(txid)
    assert fields(done, "status", "vol_exec", "misc") == ["closed", "0.50000000", "stopped"]


def test_a_limited_stop_rests_at_its_limit(wire: Wire) -> None:
    txid = wire.place(ordertype="stop-loss-limit", price="60005", price2="60001", volume="0.5")
    assert wire.query(txid)["descr"]["order"] == "buy 0.50000000 XBTUSD @ stop loss 60005.0 -> limit 60001.0"
    wire.trade("60006", "0.1")
    assert fields(wire.query(txid), "status", "limitprice") == ["open", "60001.00000"]
    assert wire.result("Depth", pair="XBTUSD", count=1)["XXBTZUSD"]["bids"][0][:2] == ["60001.00000", "0.50000000"]


def test_a_trailing_stop_follows_the_best_price(wire: Wire) -> None:
    by_offset = wire.place(type="sell", ordertype="trailing-stop", price="+100", volume="0.1")
    by_percent = wire.place(type="sell", ordertype="trailing-stop", price="+1%", volume="0.1")
    assert wire.query(by_offset)["descr"]["order"] == "sell 0.10000000 XBTUSD @ trailing stop +100.0"
    assert wire.query(by_percent)["descr"]["price"] == "+1.0000%"
    assert (wire.query(by_offset)["stopprice"], wire.query(by_percent)["stopprice"]) == ("59900.00000", "59400.00000")
    wire.trade("60005")
    wire.trade("60001")  # a worse price moves nothing
    assert (wire.query(by_offset)["stopprice"], wire.query(by_percent)["stopprice"]) == ("59905.00000", "59404.90000")
    wire.offer(Side.SELL, "2.5", "59905")  # through both bids, to the stop
    wire.offer(Side.BUY, "1", "59905")
    assert (wire.query(by_offset)["status"], wire.query(by_percent)["status"]) == ("closed", "open")


def test_an_iceberg_shows_only_a_slice(wire: Wire) -> None:
    txid = wire.place(ordertype="iceberg", price="59999", volume="0.3", displayvol="0.1")
    assert wire.query(txid)["descr"]["ordertype"] == "iceberg"
    assert wire.result("Depth", pair="XBTUSD", count=1)["XXBTZUSD"]["bids"][0][:2] == ["59999.00000", "0.10000000"]
    wire.offer(Side.SELL, "0.1", "59999")
    assert wire.result("Depth", pair="XBTUSD", count=1)["XXBTZUSD"]["bids"][0][:2] == ["59999.00000", "0.10000000"]
    wire.offer(Side.SELL, "0.2", "59999")
    assert wire.query(txid)["status"] == "closed"


def test_an_order_with_a_time_that_ended_before_it_was_canceled() -> None:
    wire = Wire()
    sell = wire.place(type="sell", price="60000", volume="0.5")
    buy = wire.place(price="60000", volume="0.5", timeinforce="GTD", expiretm="+60")
    assert (wire.query(buy)["status"], wire.query(sell)["status"]) == ("canceled", "open")
