"""Nothing that a client sends brings the venue down, and a refusal means that nothing has happened."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .wire import Wire

HUGE = "9" * 20
JUNK = st.sampled_from(
    ["", "0", "-1", "1", "1e9", HUGE, f"{HUGE}.{HUGE}", "NaN", "null", "[]", '["BTCUSDT"]', "BTCUSDT"]
)
LETTERS = "aZ09 .,:;'\"{}[]@&=%+\\\0\n\N{SNOWMAN}\N{GRINNING FACE}"
JUNK |= st.text(LETTERS, max_size=8)
NAMES = st.sampled_from(
    [
        *("symbol", "symbols", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice"),
        *("icebergQty", "trailingDelta", "newClientOrderId", "newOrderRespType", "selfTradePreventionMode"),
        *("orderId", "origClientOrderId", "cancelReplaceMode", "cancelOrderId", "cancelRestrictions", "listenKey"),
        *("limit", "fromId", "startTime", "endTime", "interval", "windowSize", "permissions", "omitZeroBalances"),
    ]
)
REQUESTS = st.sampled_from(
    [("GET", f"/api/v3/{name}") for name in ("exchangeInfo", "depth", "trades", "historicalTrades", "aggTrades")]
    + [("GET", f"/api/v3/{name}") for name in ("klines", "avgPrice", "ticker", "ticker/24hr", "ticker/price")]
    + [("GET", f"/api/v3/{name}") for name in ("order", "openOrders", "allOrders", "myTrades", "account")]
    + [("POST", "/api/v3/order/test"), ("POST", "/api/v3/order/cancelReplace"), ("POST", "/api/v3/userDataStream")]
    + [("DELETE", "/api/v3/order"), ("DELETE", "/api/v3/openOrders"), ("PUT", "/api/v3/userDataStream")]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(LETTERS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(LETTERS, max_size=5), inner, max_size=3),
    max_leaves=4,
)
METHODS = st.sampled_from(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY", "ping"])
METHODS |= st.sampled_from(["order.place", "klines", "userDataStream.unsubscribe", "userDataStream.ping", "dance"])
WIRE = Wire(inbound_per_second=10**9)


@settings(deadline=None)  # a busy machine is no bug
@given(REQUESTS, st.dictionaries(NAMES, JUNK, max_size=6), st.sampled_from(["1m", "1w", "1M", ""]))
def test_any_parameters_get_an_answer_of_the_venue(
    request_: tuple[str, str], params: dict[str, str], interval: str
) -> None:
    wire = Wire()
    if interval:
        params = {"symbol": "BTCUSDT", "interval": interval} | params
    for answer in (wire.http(*request_, urlencode(params)), wire.signed(*request_, **params)):
        said = json.loads(answer.body)
        assert answer.status == 200 or {"code", "msg"} <= set(said)


@settings(deadline=None)  # a busy machine is no bug
@given(st.dictionaries(NAMES, JUNK, min_size=1, max_size=3))
def test_a_refused_order_was_not_placed(params: dict[str, str]) -> None:
    wire = Wire()
    answer = wire.order(**params)
    placed = wire.venue.orders("client", "BTC/USDT") + wire.venue.orders("client", "ETH/USDT")
    assert len(placed) == (answer.status == 200)


@pytest.mark.parametrize("value", ["", "LOUD"])
@pytest.mark.parametrize("path", ["/api/v3/order", "/api/v3/order/cancelReplace"])
def test_a_reply_form_that_does_not_exist_is_refused_before_anything_is_done(path: str, value: str) -> None:
    wire = Wire()
    mine = json.loads(wire.order().body)["orderId"]
    order = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "9999",
    }
    replace = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": mine} if "Replace" in path else {}
    answer = wire.signed("POST", path, **order, **replace, newOrderRespType=value)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, -1130 if value else -1105)
    assert [o.order_id for o in wire.venue.open_orders("client")] == [mine]


@settings(deadline=None)  # a busy machine is no bug
@given(st.text(LETTERS) | VALUES.map(json.dumps), st.sampled_from(["/ws", "/stream", "/ws-api/v3"]))
def test_any_frame_gets_exactly_one_answer(text: str, path: str) -> None:
    session, heard = WIRE.socket(path)
    session.receive(text)
    session.closed()
    assert len(heard) == 1


@settings(deadline=None)  # a busy machine is no bug
@given(METHODS, VALUES, VALUES, st.sampled_from(["/ws", "/ws-api/v3"]))
def test_any_request_frame_gets_exactly_one_answer(method: str, params: Any, number: Any, path: str) -> None:
    session, heard = Wire().socket(path)
    session.receive(json.dumps({"method": method, "params": params, "id": number}))
    session.closed()
    assert len(heard) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id":1}', "Invalid request: missing field `method` at line 1 column 8"),
        ('{"method":"SUBSCRIBE","params":5,"id":1}', "Invalid request: params must be an array"),
        ('{"method":"SUBSCRIBE","params":[5],"id":1}', "Invalid request: stream names must be strings"),
        ('{"method":"GET_PROPERTY","params":[5],"id":1}', "Invalid request: property name must be a string"),
        ('{"method":"GET_PROPERTY","params":["combined",true],"id":1}', "Invalid request: too many parameters"),
        ('{"method":"LIST_SUBSCRIPTIONS","id":-1}', "Invalid request: request ID must be an unsigned integer"),
        ('{"method":"LIST_SUBSCRIPTIONS","id":"a"}', "Invalid request: request ID must be an unsigned integer"),
        ('{"method":"LIST_SUBSCRIPTIONS","id":true}', "Invalid request: request ID must be an unsigned integer"),
    ],
)
def test_a_bad_control_message_is_told_what_is_wrong(text: str, message: str) -> None:
    session, heard = Wire(profile="legacy").socket("/ws")
    session.receive(text)
    assert (heard[0]["code"], heard[0]["msg"]) == (2, message)


@pytest.mark.parametrize("number", ['"a"', "null", "-1", f'"{"x" * 36}"'])
def test_the_current_generation_takes_ids_of_any_simple_kind(number: str) -> None:
    session, heard = Wire().socket("/ws")
    session.receive(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
    assert heard == [{"result": [], "id": json.loads(number)}]


@pytest.mark.parametrize("number", [f'"{"x" * 37}"', "[1]", "{}", "1.5", "true"])
def test_an_id_that_cannot_be_echoed_is_refused_on_both_kinds_of_socket(number: str) -> None:
    wire = Wire()
    stream, heard = wire.socket("/ws")
    stream.receive(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
    assert (heard[0]["id"], heard[0]["error"]["code"]) == (None, 2)
    api, answers = wire.socket("/ws-api/v3")
    api.receive(f'{{"method":"ping","id":{number}}}')
    assert (answers[0]["id"], answers[0]["error"]["code"]) == (None, -1100)


def test_a_number_of_any_length_is_judged_by_its_decimals() -> None:
    answer = Wire().order(quantity=f"{HUGE}.{HUGE}")
    assert (answer.status, json.loads(answer.body)["code"]) == (400, -1111)
    assert Wire().order(quantity="0.01" + "0" * 18).status == 200
