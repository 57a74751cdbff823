"""Commands over the WebSocket mean what they mean by REST, both ways."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from foxtrot.errors import CancelRejected, InsufficientFunds, OrderRejected, Outcome, VenueError
from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order, OrderStatus, OrderType, TimeInForce
from foxtrot.protocol.calls import Call
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.rpc import KrakenRpcCodec

TXID = "OQCLML-BW3P3-BUCMWZ"


def sent(rpc: KrakenRpcCodec, call: Call[Any]) -> Any:
    """Return the request as the wire has it, the digits of its numbers kept."""
    return json.loads(rpc.encode(call, 3, 1_000, "TOKEN"), parse_float=str, parse_int=lambda digits: f"{digits}")


def placed(rpc: KrakenRpcCodec, rest: KrakenRestCodec, order: Order, contract: Contract, **values: Any) -> Any:
    return sent(rpc, rest.place_order(msgspec.structs.replace(order, **values), contract))["params"]


def test_an_order_goes_out_with_its_amounts_as_numbers_of_exactly_its_digits(
    rpc: KrakenRpcCodec, rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    raw = rpc.encode(rest.place_order(order, contract), 3, 1_000, "TOKEN")
    assert b'"order_qty":0.00005' in raw
    assert b'"limit_price":100000' in raw
    assert json.loads(raw) == {
        "method": "add_order",
        "req_id": 3,
        "params": {
            "order_type": "limit",
            "side": "buy",
            "symbol": "BTC/USD",
            "order_qty": 0.00005,
            "limit_price": 100_000,
            "cl_ord_id": "mine",
            "fee_preference": "quote",
            "token": "TOKEN",
        },
    }


def test_long_amounts_keep_every_digit(
    rpc: KrakenRpcCodec, rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    quantity, price = D("123456789.12345678"), D("0.0000000001")
    params = placed(rpc, rest, order, contract, quantity=quantity, price=price)
    assert (params["order_qty"], params["limit_price"]) == ("123456789.12345678", "0.0000000001")


@pytest.mark.parametrize(
    ("values", "said", "missing"),
    [
        ({"type": OrderType.LIMIT_MAKER, "time_in_force": None}, {"order_type": "limit", "post_only": True}, ()),
        ({"time_in_force": TimeInForce.IOC}, {"time_in_force": "ioc"}, ("post_only",)),
        ({"iceberg_quantity": D("0.00001")}, {"order_type": "iceberg", "display_qty": "0.00001"}, ()),
        ({"stp_mode": "CANCEL-BOTH"}, {"stp_type": "cancel_both"}, ()),
        (
            {"type": OrderType.MARKET, "price": None, "quantity": None, "quote_quantity": D("10.50")},
            {"order_type": "market", "cash_order_qty": "10.5"},
            ("order_qty", "limit_price"),
        ),
        (
            {"type": OrderType.STOP_LOSS, "price": None, "stop_price": D(90_000)},
            {"triggers": {"reference": "last", "price": "90000", "price_type": "static"}},
            ("limit_price",),
        ),
        (
            {"type": OrderType.TAKE_PROFIT_LIMIT, "stop_price": D(110_000)},
            {"triggers": {"reference": "last", "price": "110000", "price_type": "static"}, "limit_price": "100000"},
            (),
        ),
        (
            {"type": OrderType.TRAILING_STOP, "price": None, "trailing_offset": D(500)},
            {"triggers": {"reference": "last", "price": "500", "price_type": "quote"}},
            ("limit_price",),
        ),
    ],
)
def test_each_kind_of_order_goes_out_under_the_names_of_the_websocket(
    rpc: KrakenRpcCodec,
    rest: KrakenRestCodec,
    order: Order,
    contract: Contract,
    values: dict[str, Any],
    said: dict[str, Any],
    missing: tuple[str, ...],
) -> None:
    params = placed(rpc, rest, order, contract, **values)
    assert params | said == params
    assert not set(missing) & params.keys()


def test_every_command_has_a_method_and_reads_go_by_rest(
    rpc: KrakenRpcCodec, rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    known = msgspec.structs.replace(order, order_id=TXID, type=OrderType.LIMIT_MAKER)
    change = AmendRequest(symbol="BTC/USD", price=D(5), quantity=D("0.1"))
    amend = rest.amend_order(known, change, "mine", contract, 0.0)
    unnamed = rest.amend_order(order, AmendRequest(symbol="BTC/USD", price=D(5)), "mine", contract, 0.0)
    calls: list[tuple[Call[Any], str, dict[str, Any]]] = [
        (amend, "amend_order", {"order_id": TXID, "order_qty": "0.1", "limit_price": "5", "post_only": True}),
        (unnamed, "amend_order", {"cl_ord_id": "mine", "limit_price": "5"}),
        (rest.cancel_order(contract, TXID, "mine", 0.0), "cancel_order", {"order_id": [TXID]}),
        (rest.cancel_order(contract, "", "mine", 0.0), "cancel_order", {"cl_ord_id": ["mine"]}),
        (rest.cancel_after(60.0), "cancel_all_orders_after", {"timeout": "60"}),
    ]
    for call, method, params in calls:
        assert rpc.supports(call)
        request = sent(rpc, call)
        assert (request["method"], request["params"]) == (method, params | {"token": "TOKEN"})
    assert placed(rpc, rest, order, contract).keys().isdisjoint({"validate"})
    assert sent(rpc, rest.validate_order(order, contract))["params"]["validate"] is True
    assert not rpc.supports(rest.fetch_open_orders(None))
    assert not rpc.supports(rest.fetch_markets())


def reply(**values: Any) -> bytes:
    return json.dumps({"method": "add_order", "req_id": 3, "success": True, "time_in": "x", **values}).encode()


def answer(rpc: KrakenRpcCodec, data: bytes) -> Any:
    found = rpc.decode(data)
    assert found is not None
    return found


def test_an_answer_has_the_shape_of_its_rest_twin(
    rpc: KrakenRpcCodec, rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    call = rest.place_order(order, contract)
    number, good = answer(rpc, reply(result={"order_id": TXID, "cl_ord_id": "mine", "warnings": ["late"]}))
    assert (number, good.status, rest.classify(call, good)) == (3, 200, None)
    assert call.decode(good.body).order_id == TXID
    number, bad = answer(rpc, reply(success=False, error="EOrder:Insufficient funds"))
    assert number == 3
    assert isinstance(rest.classify(call, bad), InsufficientFunds)


def test_a_cancel_that_was_carried_out_is_proved_by_the_orders_name(
    rpc: KrakenRpcCodec, rest: KrakenRestCodec, contract: Contract
) -> None:
    call = rest.cancel_order(contract, TXID, "mine", 0.0)
    for result in ({"order_id": TXID}, {"cl_ord_id": "mine"}):
        _, good = answer(rpc, reply(method="cancel_order", result=result))
        assert call.decode(good.body).status is OrderStatus.CANCELED
    _, empty = answer(rpc, reply(method="cancel_order"))
    with pytest.raises(msgspec.MsgspecError):
        call.decode(empty.body)
    _, unknown = answer(rpc, reply(method="cancel_order", success=False, error="EOrder:Unknown order"))
    assert type(rest.classify(call, unknown)) is CancelRejected


@pytest.mark.parametrize(
    ("error", "kind", "outcome"),
    [
        ("Limit_price field must be a number_float", OrderRejected, Outcome.REFUSED),
        ("Unsupported field: 'x' for the given msg type: add order", OrderRejected, Outcome.REFUSED),
        ("Token(s) not found", OrderRejected, Outcome.REFUSED),
        ("Something never seen", VenueError, Outcome.UNKNOWN),
    ],
)
def test_refusals_of_the_websocket_itself_are_read(
    rpc: KrakenRpcCodec,
    rest: KrakenRestCodec,
    order: Order,
    contract: Contract,
    error: str,
    kind: type[VenueError],
    outcome: Outcome,
) -> None:
    _, raw = answer(rpc, reply(success=False, error=error))
    found = rest.classify(rest.place_order(order, contract), raw)
    assert isinstance(found, kind)
    assert found.outcome is outcome
    assert rpc.stale(raw) == (error == "Token(s) not found")


@pytest.mark.parametrize(
    "data",
    [
        {"channel": "heartbeat"},
        {"channel": "status", "type": "update", "data": [{"system": "online"}]},
        {"channel": "executions", "type": "update", "data": [], "sequence": 3},
    ],
)
def test_what_answers_nobody_is_passed_over(rpc: KrakenRpcCodec, data: object) -> None:
    assert rpc.decode(json.dumps(data).encode()) is None


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"\xff", b'{"method":', b'{"method":"add_order","req_id":3}',
        b'{"method":"pong","req_id":3}', b'{"method":' + b"[" * 100_000, b'{"req_id":"three","method":"add_order"}',
    ],
    ids=lambda data: data[:30].decode(errors="replace"),
)  # fmt: skip
def test_what_says_neither_yes_nor_no_settles_no_request(rpc: KrakenRpcCodec, data: bytes) -> None:
    number, raw = answer(rpc, data)
    assert (number, raw.status) == (None, 0)


def test_a_refusal_for_rate_says_not_of_what_and_settles_no_request(rpc: KrakenRpcCodec) -> None:
    number, raw = answer(rpc, b'{"Error":"Exceeded msg rate"}')
    assert (number, raw.status, json.loads(raw.body)) == (None, 200, {"error": ["Exceeded msg rate"]})
