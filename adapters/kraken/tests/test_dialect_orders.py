"""Orders over REST: their lives, their words, and each refusal in the venue's own text."""

from __future__ import annotations

import re
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import Side

from .dialect_wire import START_NS, Wire

TXID = re.compile(r"O[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")
UUID = "6d1b345e-2821-40e2-ad83-4ecb18a06876"


@pytest.fixture
def wire() -> Wire:
    """A market at 60,000 with two quotes on each side."""
    made = Wire()
    made.trade("60000")
    for level in (10, 20):
        made.offer(Side.BUY, "1", str(60_000 - level))
        made.offer(Side.SELL, "1", str(60_000 + level))
    return made


def fields(found: Any, *names: str) -> list[Any]:
    return [found[name] for name in names]


def test_a_limit_order_from_its_placing_to_its_cancel(wire: Wire) -> None:
    reply = wire.order(volume="1.25", price="37500")["result"]
    assert reply["descr"] == {"order": "buy 1.25000000 XBTUSD @ limit 37500.0"}
    (txid,) = reply["txid"]
    assert TXID.fullmatch(txid)
    found = wire.query(txid)
    assert fields(found, "status", "vol", "vol_exec", "cost", "fee", "oflags", "userref") == [
        "open", "1.25000000", "0.00000000", "0.00000", "0.00000", "fciq", 0,
    ]  # fmt: skip
    assert found["descr"] == {
        "pair": "XBTUSD",
        "type": "buy",
        "ordertype": "limit",
        "price": "37500.0",
        "price2": "0",
        "leverage": "none",
        "order": "buy 1.25000000 XBTUSD @ limit 37500.0",
        "close": "",
    }
    assert list(wire.ok("OpenOrders")["open"]) == [txid]
    # what it may cost is held, with the fee that is taken in dollars
    assert wire.ok("BalanceEx")["ZUSD"] == {"balance": "100000.0000", "hold_trade": "47062.5000"}
    assert wire.ok("CancelOrder", txid=txid) == {"count": 1, "pending": False}
    found = wire.query(txid)
    assert fields(found, "status", "reason", "closetm") == ["canceled", "User requested", found["opentm"]]
    assert wire.ok("OpenOrders")["open"] == {}
    assert wire.ok("ClosedOrders")["count"] == 1
    assert wire.ok("BalanceEx")["ZUSD"]["hold_trade"] == "0.0000"


def test_a_market_order_is_filled_and_charged_in_dollars(wire: Wire) -> None:
    txid = wire.place(ordertype="market", price=None, volume="1.5")
    found = wire.query(txid)
    # 1 at 60010 and 0.5 at 60020, 0.4 % of it
    assert fields(found, "status", "vol_exec", "cost", "fee", "price", "reason") == [
        "closed", "1.50000000", "90020.00000", "360.08000", "60013.33333", None,
    ]  # fmt: skip
    trades = wire.ok("TradesHistory")["trades"]
    assert list(trades) == list(reversed(found["trades"]))
    first = trades[found["trades"][0]]
    assert first == {
        "ordertxid": txid,
        "postxid": first["postxid"],
        "pair": "XXBTZUSD",
        "time": START_NS / 1e9,
        "type": "buy",
        "ordertype": "market",
        "price": "60010.00000",
        "cost": "60010.00000",
        "fee": "240.04000",
        "vol": "1.00000000",
        "margin": "0.00000",
        "leverage": "0",
        "misc": "",
        "trade_id": 2,
        "maker": False,
    }
    assert wire.ok("QueryTrades", txid=found["trades"][0]) == {found["trades"][0]: first}
    assert wire.ok("Balance") == {"ZUSD": "9619.9200", "XXBT": "2.5000", "USDT": "100000.0000"}
    assert wire.ok("TradeVolume", pair="XBTUSD")["volume"] == "90020.0000"


def test_a_resting_order_that_is_met_is_a_maker_at_the_lower_fee(wire: Wire) -> None:
    txid = wire.place(price="59995", volume="0.5")
    wire.offer(Side.SELL, "0.2", "59995")
    assert fields(wire.query(txid), "status", "vol_exec", "fee") == ["open", "0.20000000", "29.99750"]
    wire.offer(Side.SELL, "0.3", "59995")
    assert fields(wire.query(txid), "status", "vol_exec") == ["closed", "0.50000000"]
    assert all(trade["maker"] for trade in wire.ok("TradesHistory")["trades"].values())


def test_fees_are_taken_in_the_base_asset_on_request(wire: Wire) -> None:
    buy = wire.query(wire.place(ordertype="market", price=None, volume="0.5", oflags="fcib"))
    assert fields(buy, "fee", "oflags") == ["0.00200", "fcib"]
    assert wire.ok("Balance")["XXBT"] == "1.4980"
    sell = wire.query(wire.place(type="sell", ordertype="market", price=None, volume="0.5", oflags="fcib"))
    assert sell["fee"] == "0.00200"
    assert wire.ok("Balance")["XXBT"] == "0.9960"


def test_a_market_order_by_its_cost(wire: Wire) -> None:
    reply = wire.order(ordertype="market", price=None, volume="6001", oflags="viqc")["result"]
    assert reply["descr"]["order"] == "buy 6001.00000000 XBTUSD @ market"
    found = wire.query(reply["txid"][0])
    assert fields(found, "status", "vol", "vol_exec", "cost", "oflags") == [
        "closed", "6001.00000000", "6001.00000000", "6001.00000", "fciq,viqc",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"pair": "NONE"}, "EQuery:Unknown asset pair"),
        ({"pair": None}, "EGeneral:Invalid arguments:pair"),
        ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
        ({"type": None}, "EGeneral:Invalid arguments:type"),
        ({"ordertype": "settle-position"}, "EGeneral:Invalid arguments:ordertype"),
        ({"ordertype": None}, "EGeneral:Invalid arguments:ordertype"),
        ({"volume": None}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "-1"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "1e3"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.010000001"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.00004"}, "EOrder:Order minimum not met"),
        ({"price": "5000", "volume": "0.00005"}, "EOrder:Cost minimum not met"),
        ({"price": None}, "EGeneral:Invalid arguments:price"),
        ({"price": "0"}, "EGeneral:Invalid arguments:price"),
        ({"price": "abc"}, "EGeneral:Invalid arguments:price"),
        ({"price": "50000.12"}, "EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals."),
        ({"volume": "2"}, "EOrder:Insufficient funds"),
        ({"type": "sell", "price": "61000", "volume": "1.1"}, "EOrder:Insufficient funds"),
        ({"oflags": "best"}, "EGeneral:Invalid arguments:oflags"),
        ({"oflags": "fcib,fciq"}, "EGeneral:Invalid arguments:oflags"),
        ({"oflags": "viqc"}, "EGeneral:Invalid arguments:viqc"),
        (
            {"oflags": "nompp"},
            "EGeneral:Invalid arguments:no_mpp order option is only available when ordertype = market",
        ),
        ({"ordertype": "market", "price": None, "oflags": "post"}, "EGeneral:Invalid arguments:oflags"),
        ({"timeinforce": "DAY"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"timeinforce": "IOC", "oflags": "post"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"timeinforce": "GTD"}, "EGeneral:Invalid arguments:expiretm"),
        ({"timeinforce": "GTD", "expiretm": "5"}, "EGeneral:Invalid arguments:expiretm"),
        ({"stptype": "cancel-none"}, "EGeneral:Invalid arguments:stptype"),
        ({"ordertype": "iceberg"}, "EGeneral:Invalid arguments:displayvol"),
        ({"ordertype": "iceberg", "displayvol": "0.0006"}, "EGeneral:Invalid arguments:displayvol"),
        ({"ordertype": "iceberg", "displayvol": "0.02"}, "EGeneral:Invalid arguments:displayvol"),
        ({"displayvol": "0.005"}, "EGeneral:Invalid arguments:displayvol"),
        ({"userref": "x"}, "EGeneral:Invalid arguments:userref"),
        ({"userref": str(2**31)}, "EGeneral:Invalid arguments:userref"),
        ({"cl_ord_id": "x" * 19}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"cl_ord_id": "mine", "userref": "1"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"leverage": "5:1"}, "EGeneral:Invalid arguments:leverage"),
        ({"reduce_only": "true"}, "EOrder:Reduce only:No position exists"),
        ({"starttm": "+60"}, "EGeneral:Invalid arguments:starttm"),
        ({"close[ordertype]": "limit"}, "EGeneral:Invalid arguments:close"),
        ({"ordertype": "stop-loss", "price": "50000", "trigger": "moon"}, "EGeneral:Invalid arguments:trigger"),
        ({"ordertype": "stop-loss-limit", "price": "65000"}, "EGeneral:Invalid arguments:price2"),
        ({"ordertype": "stop-loss", "price": "59000"}, "EOrder:Invalid price"),
        ({"ordertype": "trailing-stop", "price": "-5"}, "EGeneral:Invalid arguments:price"),
        ({"ordertype": "trailing-stop", "price": "+100%"}, "EGeneral:Invalid arguments:price"),
        ({"deadline": "2027-01-15T07:59:59Z"}, "EService:Deadline elapsed"),
        ({"deadline": "2027-01-15T08:00:00.3Z"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": "2027-01-15T08:02:00Z"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
    ],
)
@pytest.mark.parametrize("validate", ["false", "true"])
def test_each_violation_is_refused_in_the_venues_words_and_places_nothing(
    wire: Wire, change: dict[str, str | None], text: str, validate: str
) -> None:
    assert wire.order(**change, validate=validate) == {"error": [text]}
    assert wire.ok("OpenOrders")["open"] == {}
    assert wire.ok("ClosedOrders")["count"] == 0


def test_a_coarser_grid_is_a_tick_size_of_its_own(wire: Wire) -> None:
    import msgspec

    fine = wire.venue.contracts["BTC/USD"]
    rules = tuple(msgspec.structs.replace(r, tick=D(1)) if hasattr(r, "tick") else r for r in fine.rules)
    wire.venue.change_contract(msgspec.structs.replace(fine, rules=rules))
    assert wire.order(price="50000.5") == {"error": ["EOrder:Tick size check failed"]}
    assert wire.result("AssetPairs", pair="XBTUSD")["XXBTZUSD"]["tick_size"] == "1"


def test_validate_describes_and_places_nothing(wire: Wire) -> None:
    reply = wire.order(validate="true")
    assert reply == {"error": [], "result": {"descr": {"order": "buy 0.01000000 XBTUSD @ limit 50000.0"}}}
    assert wire.ok("OpenOrders")["open"] == {}


@pytest.mark.parametrize(
    ("side", "kind", "price", "price2", "shown"),
    [
        ("buy", "limit", "-100", None, ("59900.0", "0")),
        ("buy", "limit", "#5%", None, ("57000.0", "0")),
        ("sell", "limit", "+2%", None, ("61200.0", "0")),
        ("sell", "limit", "#10.5", None, ("60010.5", "0")),
        ("sell", "stop-loss", "#1%", None, ("59400.0", "0")),
        ("buy", "stop-loss", "#1%", None, ("60600.0", "0")),
        ("sell", "take-profit-limit", "61000", "-50", ("61000.0", "60950.0")),
        ("buy", "stop-loss-limit", "61000", "#0.5%", ("61000.0", "61305.0")),
    ],
)
def test_prices_may_be_relative(
    wire: Wire, side: str, kind: str, price: str, price2: str | None, shown: tuple[str, str]
) -> None:
    found = wire.query(wire.place(type=side, ordertype=kind, price=price, price2=price2))
    assert (found["descr"]["price"], found["descr"]["price2"]) == shown


def test_a_client_id_is_unique_among_open_orders_and_finds_its_order(wire: Wire) -> None:
    first = wire.place(cl_ord_id=UUID)
    assert wire.order(cl_ord_id=UUID) == {"error": ["EOrder:Duplicate cl_ord_id"]}
    assert wire.order(cl_ord_id=UUID, pair="XBTUSDT") == {"error": ["EOrder:Duplicate cl_ord_id"]}
    assert list(wire.ok("OpenOrders", cl_ord_id=UUID)["open"]) == [first]
    assert wire.query(first)["cl_ord_id"] == UUID
    assert wire.ok("CancelOrder", cl_ord_id=UUID)["count"] == 1
    second = wire.place(cl_ord_id=UUID)
    assert set(wire.ok("ClosedOrders", cl_ord_id=UUID)["closed"]) == {first}
    assert second != first


def test_the_text_of_a_duplicate_is_an_option() -> None:
    wire = Wire(duplicate_text="EOrder:Duplicate clientOrderID")
    wire.place(cl_ord_id="mine")
    assert wire.order(cl_ord_id="mine") == {"error": ["EOrder:Duplicate clientOrderID"]}


def test_a_userref_names_several_orders(wire: Wire) -> None:
    mine = [wire.place(userref="7"), wire.place(userref="7", price="50001")]
    other = wire.place(userref="8")
    assert set(wire.ok("OpenOrders", userref="7")["open"]) == set(mine)
    assert wire.ok("CancelOrder", txid="7")["count"] == 2
    assert list(wire.ok("OpenOrders")["open"]) == [other]


@pytest.mark.parametrize("name", ["txid", "cl_ord_id"])
@pytest.mark.parametrize("value", ["OAAAAA-BBBBB-CCCCCC", "77"])
def test_a_cancel_of_what_is_not_there_is_refused(wire: Wire, name: str, value: str) -> None:
    assert wire.post("CancelOrder", **{name: value}) == {"error": ["EOrder:Unknown order"]}
    txid = wire.place()
    wire.ok("CancelOrder", txid=txid)
    assert wire.post("CancelOrder", txid=txid) == {"error": ["EOrder:Unknown order"]}


def test_queries_of_unknown_orders_are_refused_or_left_out(wire: Wire) -> None:
    unknown = "OAAAAA-BBBBB-CCCCCC"
    txid = wire.place()
    assert wire.post("QueryOrders", txid=f"{txid},{unknown}") == {"error": ["EOrder:Unknown order"]}
    assert wire.post("QueryTrades", txid=unknown) == {"error": ["EOrder:Invalid order"]}
    assert wire.post("QueryOrders") == {"error": ["EGeneral:Invalid arguments:txid"]}
    assert wire.post("QueryOrders", txid=",".join([txid] * 51)) == {"error": ["EGeneral:Invalid arguments:txid"]}
    lenient = Wire(unknown_in_query="omit")
    assert lenient.ok("QueryOrders", txid=unknown) == {}


def test_an_order_that_the_venue_does_not_show_yet_is_unknown(wire: Wire) -> None:
    txid = wire.place()
    wire.venue.hide(5 * 10**9)
    assert wire.post("QueryOrders", txid=txid) == {"error": ["EOrder:Unknown order"]}
    assert wire.ok("OpenOrders")["open"] == {}
    wire.now_ns += 6 * 10**9
    assert list(wire.ok("OpenOrders")["open"]) == [txid]


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


def test_histories_come_in_pages_newest_first_between_times() -> None:
    wire = Wire(tier="pro")
    wire.offer(Side.SELL, "100", "100", "HBAR/USDT")
    times = []
    for _ in range(3):
        wire.now_ns += 10 * 10**9
        times.append(wire.now_ns // 10**9)
        wire.place(pair="HBARUSDT", ordertype="market", price=None, volume="10")
    ids = list(wire.ok("TradesHistory")["trades"])
    assert [wire.ok("QueryTrades", txid=i)[i]["trade_id"] for i in ids] == [3, 2, 1]
    wire.now_ns += 20 * 10**9
    middle = wire.ok("TradesHistory", start=str(times[0]), end=str(times[2]))
    assert (list(middle["trades"]), middle["count"]) == (ids[1:], 2)
    assert list(wire.ok("TradesHistory", start=ids[1])["trades"]) == ids[:1]
    assert list(wire.ok("TradesHistory", ofs="1")["trades"]) == ids[1:]
    assert wire.ok("ClosedOrders", start=str(times[1]), closetime="close")["count"] == 2
    wire.now_ns += 20 * 10**9
    entries = wire.ok("Ledgers", asset="USDT")
    assert [entry["asset"] for entry in entries["ledger"].values()] == ["USDT"] * 3
    newest = next(iter(entries["ledger"].values()))
    assert fields(newest, "amount", "fee", "balance", "type") == [
        "-1000.00000000", "4.00000000", "96988.00000000", "trade",
    ]  # fmt: skip


def test_a_page_holds_fifty() -> None:
    wire = Wire()
    for _ in range(51):
        wire.now_ns += 10**10
        wire.ok("CancelOrder", txid=wire.place())
    first = wire.ok("ClosedOrders")
    assert (len(first["closed"]), first["count"]) == (50, 51)
    assert len(wire.ok("ClosedOrders", ofs="50")["closed"]) == 1


def test_a_deposit_is_a_ledger_entry() -> None:
    wire = Wire()
    wire.venue.deposit("client", "USD", D(5))
    (entry,) = wire.ok("Ledgers", type="deposit")["ledger"].values()
    assert fields(entry, "asset", "amount", "balance", "type") == ["ZUSD", "5.00000000", "100005.00000000", "deposit"]
