"""Calls over the WebSocket API mean what they mean by REST, both ways."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.config import Credentials
from foxtrot.errors import Banned, InsufficientFunds, RateLimited
from foxtrot.keys import signer
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderStatus
from foxtrot.protocol.calls import Call
from foxtrot_binance.codec.rest import BinanceRestCodec
from foxtrot_binance.codec.rpc import BinanceRpcCodec, signed_params

# https://github.com/binance-us/binance-us-api-docs/blob/master/web-socket-api.md: the documented example's keys
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
FULL: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 28, "clientOrderId": "mine", "transactTime": 5, "price": "1", "origQty": "1",
    "executedQty": "0", "cummulativeQuoteQty": "0", "status": "NEW", "timeInForce": "GTC", "type": "LIMIT",
    "side": "BUY", "fills": [],
}  # fmt: skip


@pytest.fixture
def rpc() -> BinanceRpcCodec:
    return BinanceRpcCodec("KEY", lambda payload: payload.decode())


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def test_the_documented_example_gets_the_documented_signature() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
        "recvWindow": "100",
    }
    sign = signer(Credentials(api_key=KEY, api_secret=SECRET))
    signed = signed_params(params, KEY, 1645423376532, sign)
    assert signed["signature"] == "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"


def test_a_call_goes_out_under_its_method_with_whole_numbers_as_numbers(
    rpc: BinanceRpcCodec, rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    request = json.loads(rpc.encode(rest.place_order(order, contract), 3, 1_000, ""))
    params = request["params"]
    assert (request["id"], request["method"]) == (3, "order.place")
    payload = params.pop("signature")
    assert payload == "&".join(f"{k}={params[k]}" for k in sorted(params))
    assert (params["recvWindow"], params["timestamp"], params["quantity"]) == (5_000, 1_000, "0.00001")
    cancel = json.loads(rpc.encode(rest.cancel_order(contract, "28", "", 0.0), 4, 1_000, ""))
    assert (cancel["method"], cancel["params"]["orderId"]) == ("order.cancel", 28)


def test_every_command_and_the_reads_beside_it_have_a_method(
    rpc: BinanceRpcCodec, rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    change = AmendRequest(symbol="BTC/USDT", price=D(5))
    calls: dict[str, Call[Any]] = {
        "order.place": rest.place_order(order, contract),
        "order.test": rest.validate_order(order, contract),
        "order.cancelReplace": rest.amend_order(order, change, "new", contract, 0.0),
        "order.cancel": rest.cancel_order(contract, "1", "", 0.0),
        "openOrders.cancelAll": rest.cancel_all_orders(contract),
        "order.status": rest.fetch_order(contract, "1", ""),
        "openOrders.status": rest.fetch_open_orders(None),
        "allOrders": rest.fetch_orders(contract, None, None, "", 5),
        "myTrades": rest.fetch_my_trades(contract, None, None, "", 5),
        "account.status": rest.fetch_balances(),
    }
    for method, call in calls.items():
        assert rpc.supports(call)
        assert json.loads(rpc.encode(call, 1, 1, ""))["method"] == method
    assert not rpc.supports(rest.fetch_markets())


def test_an_answer_has_the_shape_of_its_rest_twin(
    rpc: BinanceRpcCodec, rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000, "count": 5},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100, "count": 2},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 9, "count": 1},
    ]
    number, good = rpc.decode(text({"id": 3, "status": 200, "result": FULL, "rateLimits": limits}))
    assert (number, good.status) == (3, 200)
    assert [(u.kind.value, u.interval_s, u.used) for u in rest.usage(good)] == [("weight", 60, 5), ("orders", 10, 2)]
    call = rest.place_order(order, contract)
    assert call.decode(good.body).order_id == "28"
    refusal = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    _, bad = rpc.decode(text({"id": 4, "status": 400, "error": refusal}))
    assert isinstance(rest.classify(call, bad), InsufficientFunds)


def test_a_half_done_amend_reads_as_by_rest(
    rpc: BinanceRpcCodec, rest: BinanceRestCodec, order: Order, contract: Contract
) -> None:
    call = rest.amend_order(order, AmendRequest(symbol="BTC/USDT", price=D(5)), "new", contract, 0.0)
    halves = {
        "cancelResult": "SUCCESS",
        "newOrderResult": "FAILURE",
        "cancelResponse": FULL | {"status": "CANCELED"},
        "newOrderResponse": {"code": -2010, "msg": "Order would immediately match and take."},
    }
    error = {"code": -2021, "msg": "Order cancel-replace partially failed.", "data": halves}
    _, answer = rpc.decode(text({"id": 4, "status": 409, "error": error}))
    assert rest.classify(call, answer) is None
    result = call.decode(answer.body)
    assert result.old is not None
    assert (result.old.status, result.new) == (OrderStatus.CANCELED, None)


@pytest.mark.parametrize(
    ("status", "data", "kind", "wait"),
    [
        (429, {"serverTime": 1_000, "retryAfter": 11_001}, RateLimited, 11.0),
        (418, {"serverTime": 1_000, "retryAfter": 601_000}, Banned, 600.0),
        (429, {"serverTime": 1_000, "retryAfter": 500}, RateLimited, 0.0),
        (418, None, Banned, 120.0),
        (429, None, RateLimited, None),
    ],
)
def test_a_limit_says_how_long_to_wait(
    rpc: BinanceRpcCodec,
    rest: BinanceRestCodec,
    status: int,
    data: object,
    kind: type[RateLimited],
    wait: float | None,
) -> None:
    error = {"code": -1003, "msg": "Too much request weight used", "data": data}
    _, answer = rpc.decode(text({"id": 4, "status": status, "error": error}))
    limited = rest.classify(rest.fetch_balances(), answer)
    assert type(limited) is kind
    assert isinstance(limited, RateLimited)
    assert limited.retry_after_s == wait


@pytest.mark.parametrize("frame", [b"", b"x", b"[]", b'{"e":"serverShutdown","E":1}', b'{"result":' + b"[" * 100_000])
def test_a_frame_that_answers_nothing_is_handed_on_without_an_id(rpc: BinanceRpcCodec, frame: bytes) -> None:
    number, answer = rpc.decode(frame)
    assert (number, answer.status, answer.body) == (None, 0, frame)
