"""What is there already: orders, fills and ledger entries, by id and in pages."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import NewOrder

from .dialect_wire import Wire, fields, quoted


@pytest.fixture
def wire() -> Wire:
    return quoted()


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


def test_nobody_sees_or_cancels_what_is_another_accounts(wire: Wire) -> None:
    wire.venue.open_account("stranger", {"USD": D(1_000)})
    theirs = wire.venue.place(
        NewOrder(
            account="stranger",
            symbol="BTC/USD",
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=D("0.001"),
            price=D(50_000),
        )
    )
    txid = wire.dialect.order_id(theirs.order_id)
    for request in ("QueryOrders", "CancelOrder", "AmendOrder"):
        assert wire.post(request, txid=txid, order_qty="0.002") == {"error": ["EOrder:Unknown order"]}
    assert wire.ok("OpenOrders")["open"] == {}
    assert wire.ok("CancelAll") == {"count": 0}
