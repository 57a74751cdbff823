"""Nothing that a client sends brings the venue down, and a refusal means that nothing has happened."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.sandbox.dialect import HttpRequest
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET

from .dialect_wire import Wire, read, sign_by_the_page

HUGE = "9" * 20
LETTERS = "aZ09 .,:;'\"{}[]@&=%+-#\\\0\n\N{SNOWMAN}\N{GRINNING FACE}"
JUNK = st.sampled_from(
    ["", "0", "-1", "1", "1e9", HUGE, f"{HUGE}.{HUGE}", "NaN", "null", "[]", "#1", "+5%", "XBTUSD", "true", "limit"]
) | st.text(LETTERS, max_size=8)
NAMES = st.sampled_from(
    [
        "pair",
        "asset",
        "interval",
        "since",
        "count",
        "type",
        "ordertype",
        "price",
        "price2",
        "volume",
        "displayvol",
        "trigger",
        "leverage",
        "reduce_only",
        "stptype",
        "oflags",
        "timeinforce",
        "starttm",
        "expiretm",
        "close",
        "deadline",
        "validate",
        "userref",
        "cl_ord_id",
        "txid",
        "order_qty",
        "display_qty",
        "limit_price",
        "trigger_price",
        "post_only",
        "orders",
        "timeout",
        "trades",
        "start",
        "end",
        "ofs",
        "closetime",
    ]
)
PUBLIC = st.sampled_from(
    ["Time", "SystemStatus", "Assets", "AssetPairs", "Ticker", "OHLC", "Depth", "Trades", "Spread"]
)
PRIVATE = st.sampled_from(
    [
        "Balance",
        "BalanceEx",
        "TradeBalance",
        "TradeVolume",
        "OpenOrders",
        "ClosedOrders",
        "QueryOrders",
        "TradesHistory",
        "QueryTrades",
        "Ledgers",
        "AddOrder",
        "AddOrderBatch",
        "AmendOrder",
        "EditOrder",
        "CancelOrder",
        "CancelOrderBatch",
        "CancelAllOrdersAfter",
        "GetWebSocketsToken",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(LETTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(LETTERS, max_size=5), inner, max_size=3),
    max_leaves=4,
)
METHODS = st.sampled_from(
    [
        "subscribe",
        "unsubscribe",
        "add_order",
        "amend_order",
        "edit_order",
        "cancel_order",
        "cancel_all",
        "cancel_all_orders_after",
        "batch_add",
        "batch_cancel",
        "ping",
        "dance",
    ]
)
FIELDS = st.sampled_from(
    [
        "channel",
        "symbol",
        "snapshot",
        "depth",
        "interval",
        "event_trigger",
        "snap_orders",
        "snap_trades",
        "order_status",
        "ratecounter",
        "order_type",
        "side",
        "order_qty",
        "cash_order_qty",
        "limit_price",
        "limit_price_type",
        "triggers",
        "time_in_force",
        "expire_time",
        "display_qty",
        "fee_preference",
        "post_only",
        "no_mpp",
        "stp_type",
        "cl_ord_id",
        "order_userref",
        "deadline",
        "validate",
        "order_id",
        "orders",
        "timeout",
        "trigger_price",
        "trigger_price_type",
    ]
)
GOOD_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["ticker", "trade", "ohlc", "book", "instrument", "executions", "balances"]),
        "symbol": st.sampled_from([["BTC/USD"], "BTC/USD", ["BTC/USD", 5], [None]]),
        "order_type": st.sampled_from(
            ["limit", "market", "iceberg", "stop-loss", "trailing-stop", "take-profit-limit"]
        ),
        "side": st.sampled_from(["buy", "sell"]),
        "order_qty": st.floats(allow_nan=False) | st.integers(),
        "limit_price": st.floats(allow_nan=False) | st.integers(),
    },
)
BUSY = settings(deadline=None, max_examples=150)  # a busy machine is no bug
WIRE = Wire(lockout_after=0)


def answered(answer: Any) -> bool:
    """Tell whether an answer is one of the venue's."""
    errors = answer["error"]
    assert isinstance(errors, list)
    assert all(text.startswith("E") and ":" in text for text in errors)
    return bool(errors) is not ("result" in answer)


@BUSY
@given(PUBLIC, st.dictionaries(NAMES, JUNK, max_size=4), st.booleans())
def test_any_public_parameters_get_an_answer_of_the_venue(name: str, params: dict[str, str], good: bool) -> None:
    assert answered(WIRE.get(name, **(params | ({"pair": "XBTUSD"} if good else {}))))


@BUSY
@given(PRIVATE, st.dictionaries(NAMES, JUNK, max_size=6), st.booleans())
def test_any_private_parameters_get_an_answer_of_the_venue(name: str, params: dict[str, str], good: bool) -> None:
    wire = Wire()
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "50000", "volume": "0.01"}
    txid = wire.place() if good else ""
    assert answered(wire.post(name, **((order | {"txid": txid} if good else {}) | params)))


@BUSY
@given(PRIVATE, st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_json_gets_an_answer_of_the_venue(name: str, params: dict[str, Any]) -> None:
    assert answered(Wire().post_json(name, **params))


@BUSY
@given(st.text(LETTERS) | VALUES.map(json.dumps), st.sampled_from(["", "application/json"]))
def test_any_body_gets_an_answer_of_the_venue(body: str, kind: str) -> None:
    path = "/0/private/AddOrder"
    headers = {"api-key": DEFAULT_KEY, "api-sign": sign_by_the_page(DEFAULT_SECRET, path, "", body)}
    headers |= {"content-type": kind} if kind else {}
    request = HttpRequest(method="POST", path=path, query="", headers=headers, body=body.encode())
    assert answered(read(WIRE.dialect.http(request)))


@BUSY
@given(st.dictionaries(NAMES, JUNK, min_size=1, max_size=3))
def test_a_refused_order_was_not_placed(params: dict[str, str]) -> None:
    wire = Wire()
    answer = wire.order(**params)
    placed = wire.venue.orders("client", "BTC/USD")
    assert len(placed) == ("txid" in answer.get("result", {}))


@BUSY
@given(st.text(LETTERS) | VALUES.map(json.dumps))
def test_any_frame_gets_exactly_one_answer(text: str) -> None:
    session, heard = WIRE.socket()
    session.receive(text)
    session.closed()
    assert len(heard) == 1


@BUSY
@given(METHODS, st.dictionaries(FIELDS, VALUES, max_size=4), GOOD_FIELDS, VALUES, st.booleans())
def test_any_request_frame_is_answered_and_a_refused_order_was_not_placed(
    method: str, junk: dict[str, Any], good: dict[str, Any], number: Any, known: bool
) -> None:
    wire = Wire()
    params: dict[str, Any] = junk | good | ({"token": wire.token()} if known else {})
    session, heard = wire.socket()
    session.receive(json.dumps({"method": method, "params": params, "req_id": number}))
    wire.later(0.1)
    assert heard
    answers = [frame for frame in heard if "time_in" in frame]
    assert answers
    if method == "add_order":
        assert len(wire.venue.orders("client", "BTC/USD")) == ("order_id" in answers[0].get("result", {}))
    session.closed()


def test_numbers_of_any_size_are_judged() -> None:
    wire = Wire()
    assert wire.order(volume=f"{HUGE}.{HUGE}")["error"] == ["EGeneral:Invalid arguments:volume"]
    token = wire.token()
    session, heard = wire.socket()
    for number in ("1e400", "1e-400", "-0.0", "1e22", "0.01e0"):
        order = f'"order_type":"limit","side":"buy","symbol":"BTC/USD","order_qty":{number},"limit_price":50000'
        session.receive(f'{{"method":"add_order","params":{{{order},"token":"{token}"}}}}')
    assert [said.get("error") for said in heard[:4]] == ["EGeneral:Invalid arguments:volume"] * 4
    assert heard[4]["success"]
