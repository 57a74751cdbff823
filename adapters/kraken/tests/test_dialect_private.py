"""The private channels on WebSocket v2: executions and balances."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import NewOrder

from .dialect_trader import Frames, Trader
from .dialect_wire import Wire, quoted


@pytest.fixture
def wire() -> Wire:
    return quoted()


@pytest.fixture
def trader(wire: Wire) -> Trader:
    return Trader(wire, "executions", "balances")


def test_an_order_is_told_in_full_once_and_then_by_what_changed(trader: Trader) -> None:
    txid = trader.place(cl_ord_id="mine")
    first, second = trader.rows()
    assert first == {
        "order_id": txid,
        "cl_ord_id": "mine",
        "order_userref": 0,
        "symbol": "BTC/USD",
        "side": "buy",
        "order_type": "limit",
        "order_qty": D("0.01"),
        "limit_price": D(50_000),
        "limit_price_type": "static",
        "time_in_force": "GTC",
        "post_only": False,
        "reduce_only": False,
        "fee_ccy_pref": "fciq",
        "exec_type": "pending_new",
        "order_status": "pending_new",
        "cum_qty": 0,
        "cum_cost": 0,
        "timestamp": "2027-01-15T08:00:00.123456Z",
    }
    assert second == {
        "order_id": txid,
        "cl_ord_id": "mine",
        "order_userref": 0,
        "exec_type": "new",
        "order_status": "new",
        "timestamp": "2027-01-15T08:00:00.123456Z",
    }
    trader.ask("cancel_order", order_id=[txid])
    ended = trader.rows()[-1]
    assert (ended["exec_type"], ended["order_status"], ended["reason"]) == ("canceled", "canceled", "User requested")
    assert (ended["cum_qty"], "symbol" in ended) == (0, False)


def test_fills_are_told_one_by_one_and_the_end_for_itself(trader: Trader) -> None:
    txid = trader.place(order_type="market", limit_price=None, order_qty=1.5)
    assert trader.types() == [
        ("pending_new", "pending_new"),
        ("new", "new"),
        ("trade", "partially_filled"),
        ("trade", "partially_filled"),
        ("filled", "filled"),
    ]
    trade, end = trader.rows()[3], trader.rows()[4]
    assert trade["exec_id"].startswith("T")
    wanted = {
        "order_id": txid,
        "trade_id": 3,
        "symbol": "BTC/USD",
        "side": "buy",
        "last_qty": D("0.5"),
        "last_price": 60_020,
        "liquidity_ind": "t",
        "cost": 30_010,
        "fees": [{"asset": "USD", "qty": D("120.04")}],
        "cum_qty": D("1.5"),
        "cum_cost": 90_020,
        "order_type": "market",
    }
    assert wanted.items() <= trade.items()
    assert (end["cum_qty"], end["avg_price"]) == (D("1.5"), D("60013.33333"))


def test_what_the_last_fill_says_is_an_option() -> None:
    wire = Wire(last_fill_status="filled")
    wire.offer(Side.SELL, "1", "60010")
    trader = Trader(wire, "executions")
    trader.place(order_type="market", limit_price=None)
    assert trader.types()[2:] == [("trade", "filled"), ("filled", "filled")]


def test_a_maker_is_told_of_its_fills_and_an_iceberg_of_its_refills(wire: Wire, trader: Trader) -> None:
    trader.place(order_type="iceberg", order_qty=0.3, limit_price=59_999, display_qty=0.1)
    wire.offer(Side.SELL, "0.05", "59999")
    wire.offer(Side.SELL, "0.05", "59999")
    assert trader.types()[2:] == [
        ("trade", "partially_filled"),
        ("trade", "partially_filled"),
        ("iceberg_refill", "partially_filled"),
    ]
    assert {row["liquidity_ind"] for row in trader.rows() if row["exec_type"] == "trade"} == {"m"}


def test_sequences_count_each_channels_messages_from_one(wire: Wire, trader: Trader) -> None:
    trader.place(order_type="market", limit_price=None)
    wire.later(2)
    for channel in ("executions", "balances"):
        numbers = [frame["sequence"] for frame in trader.heard if frame.get("channel") == channel]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) > 2


def test_a_snapshot_holds_the_open_orders_in_full_and_on_request_the_last_fills(wire: Wire) -> None:
    before = Trader(wire)
    rests = before.place(limit_price=59_995, order_qty=0.5)
    gone = before.place(order_type="market", limit_price=None)
    wire.offer(Side.SELL, "0.2", "59995")
    after = Trader(wire, "executions", snap_trades=True)
    acknowledged = after.heard[0]["result"]
    assert (acknowledged["channel"], acknowledged["maxratecount"], acknowledged["snapshot"]) == (
        "executions",
        180,
        True,
    )
    order, *fills = after.rows(kind="snapshot")
    shown = {
        name: order[name] for name in ("order_id", "symbol", "order_status", "cum_qty", "order_qty", "limit_price")
    }
    assert shown == {
        "order_id": rests,
        "symbol": "BTC/USD",
        "order_status": "partially_filled",
        "cum_qty": D("0.2"),
        "order_qty": D("0.5"),
        "limit_price": 59_995,
    }
    assert [(fill["exec_type"], fill["order_id"]) for fill in fills] == [("trade", gone), ("trade", rests)]
    assert Trader(wire, "executions", snap_orders=False).heard[1:] == []


@pytest.mark.parametrize(
    ("option", "snapshots"),
    [(True, [{"channel": "executions", "type": "snapshot", "data": [], "sequence": 1}]), (False, [])],
)
def test_an_empty_snapshot_is_an_option(option: bool, snapshots: Frames) -> None:
    assert Trader(Wire(empty_snapshot=option), "executions").heard[1:] == snapshots


def test_without_order_status_only_openings_fills_and_ends_are_told(wire: Wire) -> None:
    trader = Trader(wire, "executions", order_status=False)
    txid = trader.place()
    trader.ask("amend_order", order_id=txid, order_qty=0.009)
    trader.ask("cancel_order", order_id=[txid])
    assert [kind for kind, _ in trader.types()] == ["new", "canceled"]


def test_a_stop_is_told_when_it_triggers_and_a_trailing_one_when_it_moves(wire: Wire, trader: Trader) -> None:
    trader.place(
        order_type="stop-loss", side="sell", limit_price=None, triggers={"price": 59_995, "reference": "index"}
    )
    assert trader.rows()[0]["triggers"] == {
        "reference": "index",
        "price": 59_995,
        "price_type": "static",
        "status": "untriggered",
    }
    trader.place(order_type="trailing-stop", side="sell", limit_price=None, triggers={"price": 2, "price_type": "pct"})
    wire.trade("60006", "0.1")
    moved = trader.rows()[-1]
    assert (moved["exec_type"], moved["triggers"]["actual_price"], moved["triggers"]["peak_price"]) == (
        "restated", D("58805.8"), 60_006,
    )  # fmt: skip
    wire.trade("59994", "0.1")
    assert trader.types()[-3:] == [("status", "triggered"), ("trade", "partially_filled"), ("filled", "filled")]


def test_a_trade_moves_two_balances_and_says_what_is_left(trader: Trader) -> None:
    snapshot = {row["asset"]: row for row in trader.rows("balances", "snapshot")}
    assert snapshot["USD"] == {
        "asset": "USD",
        "asset_class": "currency",
        "balance": 100_000,
        "wallets": [{"type": "spot", "id": "main", "balance": 100_000}],
    }
    trader.place(side="sell", order_type="market", limit_price=None, order_qty=0.5)
    base, quote = trader.rows("balances")
    assert [base[n] for n in ("asset", "amount", "fee", "balance", "type")] == ["BTC", D("-0.5"), 0, D("0.5"), "trade"]
    assert [quote[n] for n in ("asset", "amount", "fee", "balance")] == ["USD", 29_995, D("119.98"), D("129875.02")]
    assert base["ref_id"] == quote["ref_id"] == trader.rows()[2]["exec_id"]


def test_resting_orders_do_not_move_balances_but_deposits_do(wire: Wire, trader: Trader) -> None:
    trader.place()
    assert trader.rows("balances") == []
    wire.venue.deposit("client", "USD", D(-5))
    (row,) = trader.rows("balances")
    assert (row["type"], row["amount"], row["balance"]) == ("withdrawal", -5, 99_995)


def test_private_messages_come_before_the_reply_or_behind_it(wire: Wire) -> None:
    early = Trader(wire, "executions")
    early.place()
    assert [frame.get("channel", frame.get("method")) for frame in early.heard][-3:] == [
        "executions", "executions", "add_order",
    ]  # fmt: skip
    late_wire = Wire(private_after_reply=True)
    late = Trader(late_wire, "executions")
    late.place()
    assert late.heard[-1]["method"] == "add_order"
    late_wire.later(0.1)
    assert [row["exec_type"] for row in late.rows()] == ["pending_new", "new"]


def test_ending_the_private_streams_closes_their_connections_and_kills_the_tokens(wire: Wire, trader: Trader) -> None:
    public, heard = wire.socket()
    wire.ask(public, "subscribe", channel="trade", symbol=["BTC/USD"])
    wire.dialect.end_private_streams()
    assert (trader.heard[-1]["error"], wire.closed) == ("ESession:Invalid session", [1001])
    heard.clear()
    wire.trade("60005")
    assert [frame["channel"] for frame in heard] == ["trade"]
    assert trader.ask("cancel_all")["error"] == "ESession:Invalid session"


def test_nobody_hears_of_another_account(wire: Wire, trader: Trader) -> None:
    wire.venue.open_account("stranger", {"USD": D(1_000)})
    wire.venue.place(
        NewOrder(
            account="stranger",
            symbol="BTC/USD",
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=D("0.001"),
            price=D(50_000),
        )
    )
    assert trader.rows() == []
    assert wire.ok("OpenOrders")["open"] == {}
