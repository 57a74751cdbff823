"""Orders over REST: how they are asked for, and each refusal in the venue's own text."""

from __future__ import annotations

import re
from decimal import Decimal as D

import msgspec
import pytest

from foxtrot.model.order import Side

from .dialect_wire import START_NS, Wire, fields, quoted

TXID = re.compile(r"O[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")
UUID = "6d1b345e-2821-40e2-ad83-4ecb18a06876"


@pytest.fixture
def wire() -> Wire:
    return quoted()


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
    assert fields(buy, "fee", "oflags") == ["120.02000", "fcib"]
    assert wire.ok("Balance")["XXBT"] == "1.4980"
    sell = wire.query(wire.place(type="sell", ordertype="market", price=None, volume="0.5", oflags="fcib"))
    assert sell["fee"] == "119.98000"
    assert wire.ok("Balance")["XXBT"] == "0.9960"


@pytest.mark.parametrize(
    ("side", "offset", "error"),
    [
        ("sell", "+50.12", "EOrder:Invalid price:XBTUSD price can only be specified up to 1 decimals."),
        ("sell", "+60000", "EOrder:Invalid price"),
        ("sell", "+59999.9", None),
        ("buy", "+70000", None),
    ],
)
def test_a_trailing_offset_keeps_to_the_prices(wire: Wire, side: str, offset: str, error: str | None) -> None:
    said = wire.order(type=side, ordertype="trailing-stop", price=offset)["error"]
    assert said == ([] if error is None else [error])


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
