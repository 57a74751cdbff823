"""Private channels and trading on WebSocket v2."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import Side

from .dialect_wire import Wire

Frames = list[dict[str, Any]]


class Trader:
    """A client with a token and one socket; `heard` are its frames."""

    def __init__(self, wire: Wire, *channels: str, **wishes: Any) -> None:
        self.wire = wire
        self.token = wire.token()
        self.session, self.heard = wire.socket()
        for channel in channels:
            self.ask("subscribe", channel=channel, **wishes)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self.wire.ask(self.session, method, 7, **params, token=self.token)
        return next(frame for frame in reversed(self.heard) if "method" in frame)

    def order(self, **params: Any) -> dict[str, Any]:
        limit = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD", "order_qty": 0.01, "limit_price": 50_000}
        return self.ask("add_order", **{n: v for n, v in (limit | params).items() if v is not None})

    def place(self, **params: Any) -> str:
        answer = self.order(**params)
        assert answer["success"], answer
        return str(answer["result"]["order_id"])

    def rows(self, channel: str = "executions", kind: str = "update") -> Frames:
        return [
            row
            for frame in self.heard
            if (frame.get("channel"), frame.get("type")) == (channel, kind)
            for row in frame["data"]
        ]

    def types(self) -> list[tuple[str, str]]:
        return [(row["exec_type"], row["order_status"]) for row in self.rows()]


@pytest.fixture
def wire() -> Wire:
    made = Wire()
    made.trade("60000")
    for level in (10, 20):
        made.offer(Side.BUY, "1", str(60_000 - level))
        made.offer(Side.SELL, "1", str(60_000 + level))
    return made


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
    from foxtrot.model.order import OrderType
    from foxtrot.sandbox.types import NewOrder

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
