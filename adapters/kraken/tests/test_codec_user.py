"""The private channels: what changed of which order, each fill once, and no message lost unseen."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import Fill, OrderStatus, OrderType, Side, TimeInForce
from foxtrot.protocol.messages import Ack, BalanceDelta, Message, Nack, OrderUpdate, StreamEnded, Unknown
from foxtrot.protocol.symbols import SymbolTable
from foxtrot_kraken.codec.user import TokenScheme, UserReader
from foxtrot_kraken.servers import LIVE

ID = "OQCLML-BW3P3-BUCMWZ"
AT = "2026-01-01T00:00:00.000001Z"
AT_NS = 1_767_225_600 * 10**9 + 1_000
BORN: dict[str, Any] = {
    "order_id": ID, "cl_ord_id": "mine", "symbol": "BTC/USD", "side": "sell", "order_type": "limit",
    "time_in_force": "GTC", "order_qty": 1.5, "limit_price": 60000.0, "limit_price_type": "static", "cum_qty": 0.0,
    "cum_cost": 0.0, "exec_type": "pending_new", "order_status": "pending_new", "fee_ccy_pref": "fciq",
    "fromTheFuture": [1], "timestamp": AT,
}  # fmt: skip
TRADED: dict[str, Any] = {
    "order_id": ID, "exec_type": "trade", "order_status": "partially_filled", "exec_id": "TLAUOB-1", "trade_id": 5,
    "last_qty": 0.5, "last_price": 60000.0, "cost": 30000.0, "liquidity_ind": "m", "cum_qty": 0.5,
    "cum_cost": 30000.0, "fees": [{"asset": "USD", "qty": 75.0}], "timestamp": AT,
}  # fmt: skip


class Line:
    """One private connection: entries in, messages out; frames count up by themselves."""

    def __init__(self, symbols: SymbolTable) -> None:
        self.reader, self.sequence = UserReader(symbols), 0

    def hear(self, *frames: object) -> list[Message]:
        told: list[Message] = []
        for frame in frames:
            data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
            self.reader.read(data, 99, told.append)
        return told

    def executions(self, *entries: dict[str, Any], kind: str = "update") -> list[Message]:
        self.sequence += 1
        return self.hear({"channel": "executions", "type": kind, "data": entries, "sequence": self.sequence})

    def update(self, entry: dict[str, Any]) -> OrderUpdate:
        (told,) = self.executions(entry)
        assert isinstance(told, OrderUpdate), told
        return told


@pytest.fixture
def line(symbols: SymbolTable) -> Line:
    return Line(symbols)


def part(kind: str, status: str, **values: Any) -> dict[str, Any]:
    return {"order_id": ID, "exec_type": kind, "order_status": status, "timestamp": AT, **values}


def test_a_new_order_is_told_in_full(line: Line) -> None:
    assert line.update(BORN) == OrderUpdate(
        symbol="BTC/USD",
        client_order_id="mine",
        order_id=ID,
        status=OrderStatus.OPEN,
        side=Side.SELL,
        type=OrderType.LIMIT,
        quantity=D("1.5"),
        price=D("60000.0"),
        time_in_force=TimeInForce.GTC,
        filled=D(0),
        filled_quote=D(0),
        ts_created=AT_NS,
        ts_event=AT_NS,
        ts_recv=99,
    )


def test_later_messages_name_what_changed_and_keep_the_rest(line: Line) -> None:
    line.update(BORN)
    update = line.update(TRADED)
    assert (update.client_order_id, update.symbol, update.side, update.price) == (
        "mine",
        "BTC/USD",
        Side.SELL,
        D(60_000),
    )
    assert (update.status, update.filled, update.filled_quote) == (OrderStatus.PARTIALLY_FILLED, D("0.5"), D(30_000))
    assert update.fills == (
        Fill(
            symbol="BTC/USD",
            order_id=ID,
            client_order_id="mine",
            trade_id="TLAUOB-1",
            side=Side.SELL,
            price=D(60_000),
            quantity=D("0.5"),
            quote_quantity=D(30_000),
            fee=D(75),
            fee_asset="USD",
            is_maker=True,
            ts_event=AT_NS,
        ),
    )
    amended = line.update(part("amended", "partially_filled", order_qty=2.5, limit_price=61000.0, amended=True))
    assert (amended.quantity, amended.price, amended.fills) == (D("2.5"), D(61_000), ())
    canceled = line.update(part("canceled", "canceled", reason="User requested", cum_qty=0.5))
    assert (canceled.status, canceled.reason) == (OrderStatus.CANCELED, "User requested")
    assert (canceled.quantity, canceled.price) == (D("2.5"), D(61_000))


@pytest.mark.parametrize("last", ["partially_filled", "filled"])
def test_the_last_fill_and_the_word_that_it_was_the_last_are_both_read(line: Line, last: str) -> None:
    line.update(BORN)
    fill = line.update(TRADED | {"order_status": last, "last_qty": 1.5, "cum_qty": 1.5})
    done = line.update(part("filled", "filled", cum_qty=1.5))
    assert [len(update.fills) for update in (fill, done)] == [1, 0]
    assert (done.status, done.symbol, done.filled) == (OrderStatus.FILLED, "BTC/USD", D("1.5"))


def test_of_what_ended_long_ago_no_more_than_a_thousand_are_kept(line: Line) -> None:
    for number in range(1_002):
        line.update(BORN | {"order_id": f"O{number}"} | {"exec_type": "canceled", "order_status": "canceled"})
    oldest, newest = (line.executions(part("status", "canceled") | {"order_id": f"O{n}"})[0] for n in (0, 1_001))
    assert (type(oldest), type(newest)) == (Unknown, OrderUpdate)


def test_the_snapshot_is_what_later_changes_are_of(line: Line) -> None:
    (update,) = line.executions(BORN | {"exec_type": "new", "order_status": "new"}, kind="snapshot")
    assert isinstance(update, OrderUpdate)
    assert (update.status, update.ts_created) == (OrderStatus.OPEN, 0)
    assert line.update(part("canceled", "canceled")).client_order_id == "mine"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"order_status": "triggered"}, {"status": OrderStatus.OPEN}),
        ({"order_status": "expired"}, {"status": OrderStatus.EXPIRED}),
        ({"order_status": "levitating"}, {"status": OrderStatus.IN_DOUBT}),
        ({"order_status": None}, {"status": OrderStatus.IN_DOUBT}),
        ({"cl_ord_id": None, "reason": None, "fees": None, "triggers": None}, {"client_order_id": ""}),
        ({"post_only": True}, {"type": OrderType.LIMIT_MAKER}),
        ({"order_type": "iceberg", "display_qty": 0.1}, {"type": OrderType.LIMIT, "iceberg_quantity": D("0.1")}),
        ({"order_type": "settle-position"}, {"type": OrderType.MARKET}),
        ({"order_type": "hologram", "side": "short"}, {"type": None, "side": None}),
        ({"time_in_force": "GTD"}, {"time_in_force": None}),
        ({"margin": True}, {"side": Side.SELL}),
        (
            {"order_type": "stop-loss", "limit_price": None, "triggers": {"price": 5.0, "price_type": "static"}},
            {"stop_price": D(5), "price": None},
        ),
        # a distance to the market is no price
        ({"triggers": {"price": 500.0, "price_type": "quote", "actual_price": 59500.0}}, {"stop_price": D(59_500)}),
        ({"triggers": {"price": 2.0, "price_type": "pct"}}, {"stop_price": None}),
        ({"limit_price": -5.0, "limit_price_type": "quote"}, {"price": None}),
    ],
)
def test_what_an_entry_may_say_or_leave_out_is_read(line: Line, values: dict[str, Any], said: dict[str, Any]) -> None:
    update = line.update(BORN | values)
    assert {name: getattr(update, name) for name in said} == said


def test_an_order_by_quote_quantity_is_filled_by_what_its_fills_say(line: Line) -> None:
    born = {name: value for name, value in BORN.items() if name not in ("order_qty", "limit_price")}
    update = line.update(born | {"order_type": "market", "cash_order_qty": 50.0})
    assert (update.quantity, update.quote_quantity, update.filled) == (None, D(50), None)
    traded = line.update(TRADED | {"last_qty": 0.0008, "cost": 49.9, "cum_qty": 49.9, "cum_cost": 49.9})
    assert (traded.filled, traded.filled_quote, traded.fills[0].quantity) == (None, D("49.9"), D("0.0008"))


@pytest.mark.parametrize(
    ("fees", "told"),
    [
        ([], (D(0), "")),
        ([{"asset": "USD", "qty": 1.5}, {"asset": "USD", "qty": 0.5}], (D(2), "USD")),
        ([{"asset": "BTC", "qty": 0.001}], (D("0.001"), "BTC")),
        ([{"asset": "KFEE", "qty": 7.0}, {"asset": "USD", "qty": 0.5}], (D("0.5"), "USD")),
        ([{"asset": "USD", "qty": 0.0}, {"asset": "KFEE", "qty": 7.0}], (D(7), "KFEE")),
    ],
)
def test_fees_are_summed_in_one_asset(line: Line, fees: list[Any], told: tuple[D, str]) -> None:
    line.update(BORN)
    (fill,) = line.update(TRADED | {"fees": fees}).fills
    assert (fill.fee, fill.fee_asset) == told


@pytest.mark.parametrize("lack", ["last_qty", "last_price", "exec_id"])
def test_a_fill_that_does_not_say_how_much_is_kept_as_unknown(line: Line, lack: str) -> None:
    line.update(BORN)
    (told,) = line.executions({name: value for name, value in TRADED.items() if name != lack})
    assert isinstance(told, Unknown)


@pytest.mark.parametrize(
    "bad",
    [
        {"order_id": "ONE", "order_status": "new"},  # of which nothing is known
        BORN | {"order_id": "ONE", "symbol": "TSLAx/USD"},
        BORN | {"order_id": "ONE", "order_qty": "much"},
        TRADED | {"order_id": "ONE", "symbol": "BTC/USD"},  # a fill of unknown side
        {"order_status": "new"},
        5,
    ],
)
def test_an_entry_that_cannot_be_read_holds_up_none_of_the_others(line: Line, bad: Any) -> None:
    told = line.executions(BORN, bad, BORN | {"order_id": "TWO"})
    assert [type(message) for message in told] == [OrderUpdate, Unknown, OrderUpdate]
    unknown = told[1]
    assert isinstance(unknown, Unknown)
    assert (json.loads(unknown.data), bool(unknown.reason)) == (bad, True)


# sequences


def test_a_message_that_is_missing_ends_the_stream(line: Line) -> None:
    line.update(BORN)
    line.sequence += 1
    (ended,) = line.executions(TRADED)
    assert ended == StreamEnded("executions went from 1 to 3")


def test_each_channel_counts_for_itself_and_a_repetition_is_no_order(line: Line) -> None:
    line.update(BORN)
    snapshot = {"channel": "balances", "type": "snapshot", "data": [{"asset": "USD", "balance": 1.0}], "sequence": 1}
    assert line.hear(snapshot) == []
    line.sequence -= 1
    (ended,) = line.executions(TRADED)
    assert isinstance(ended, StreamEnded)


def test_the_next_connection_begins_with_nothing(symbols: SymbolTable) -> None:
    scheme = TokenScheme(symbols)
    told: list[Message] = []
    frames = [
        {"channel": "executions", "type": "snapshot", "data": [BORN], "sequence": 1},
        {"channel": "executions", "type": "update", "data": [TRADED], "sequence": 2},
    ]
    for frame in frames:
        scheme.reader()(json.dumps(frame).encode(), 1, told.append)
    assert [type(message) for message in told] == [OrderUpdate, StreamEnded]


# balances, answers, the rest


def test_a_move_of_a_balance_is_told_and_totals_without_holds_are_not(line: Line) -> None:
    entry = {"ledger_id": "L", "timestamp": AT, "type": "trade", "asset": "USD", "amount": -19.9743, "fee": 0.05}
    frame = {"channel": "balances", "type": "update", "data": [entry], "sequence": 1}
    assert line.hear(frame) == [BalanceDelta("USD", D("-19.9743"), AT_NS, 99)]


def test_a_login_is_both_channels_with_the_token(symbols: SymbolTable) -> None:
    scheme = TokenScheme(symbols)
    first, second = (json.loads(frame) for frame in scheme.logins(1, 7, "TOKEN"))
    assert first == {
        "method": "subscribe",
        "params": {"channel": "executions", "snap_orders": True, "snap_trades": False, "token": "TOKEN"},
        "req_id": 7,
    }
    assert second == {"method": "subscribe", "params": {"channel": "balances", "token": "TOKEN"}, "req_id": 8}
    assert scheme.url(LIVE, "TOKEN") == "wss://ws-auth.kraken.com/v2"
    assert (scheme.keepalive_call(""), scheme.close_call("")) == (None, None)


def test_answers_to_a_login_are_told_apart(line: Line) -> None:
    def answer(number: int | None, **values: Any) -> dict[str, Any]:
        return {"method": "subscribe", "req_id": number, **values}

    assert line.hear(
        answer(1, success=True, result={"channel": "executions", "maxratecount": 180, "snapshot": True}),
        answer(2, success=False, error="Token(s) not found"),
        answer(3, success=False, error="ESession:Invalid session"),
        answer(4, success=False, error="EGeneral:Permission denied"),
        {"method": "pong", "req_id": 5},
        {"channel": "heartbeat"},
        {"channel": "status", "type": "update", "data": [{"system": "online"}]},
    ) == [
        Ack(1),
        Nack(2, "token", "Token(s) not found"),
        Nack(3, "token", "ESession:Invalid session"),
        Nack(4, "EGeneral:Permission denied", "EGeneral:Permission denied"),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"[]", b"\xff", b'{"channel":"executions","data":' + b"[" * 100_000,
        {"channel": "level3", "type": "snapshot", "data": []},
        {"channel": "balances", "type": "update", "data": [{"amount": "x"}], "sequence": 1},
        {"channel": "balances", "type": "update", "data": {}, "sequence": 1},
        {"method": "subscribe", "success": True},
        {"surprise": True},
    ],
    ids=lambda frame: str(frame)[:40],
)  # fmt: skip
def test_a_frame_that_cannot_be_read_is_kept_and_kills_nothing(line: Line, frame: object) -> None:
    (told,) = line.hear(frame)
    assert isinstance(told, Unknown)
    assert told.reason
    assert line.update(BORN).status is OrderStatus.OPEN
