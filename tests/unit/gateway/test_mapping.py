"""Orders in vn.py's words: floats that vn.py's code can compute with, and the exact numbers beside them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.gateway import Direction, Exchange, Interval, OrderRequest, OrderType, Status
from foxtrot.gateway.mapping import STATUSES, account_data, order_data, to_interval, to_order_request, to_utc
from foxtrot.model import order as core
from foxtrot.model.account import Balance
from foxtrot.model.order import Order, OrderStatus, Side, TimeInForce

UNDER_WAY = {OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_AMEND}


def request(**changes: Any) -> OrderRequest:
    fields = {"direction": Direction.LONG, "type": OrderType.LIMIT, "volume": 0.1, "price": 0.3, **changes}
    return OrderRequest("BTCUSDT", Exchange.DESK, **fields)


def order(**changes: Any) -> Order:
    fields = {"side": Side.BUY, "type": core.OrderType.LIMIT, "quantity": Decimal("0.3"), "price": Decimal("0.1")}
    return Order(exchange="x", symbol="BTC/USDT", client_order_id="1", **{**fields, **changes})


def told(one: Order) -> Any:
    return order_data(one, "BTCUSDT", "DESK", orderid=one.client_order_id)


def test_a_float_means_its_shortest_text() -> None:
    asked = to_order_request(request(), "BTC/USDT", "id1")
    assert (asked.quantity, asked.price, asked.client_order_id) == (Decimal("0.1"), Decimal("0.3"), "id1")


@pytest.mark.parametrize("volume", [Decimal("0.12345678"), "0.12345678"])
def test_exact_numbers_may_be_given(volume: Any) -> None:
    assert to_order_request(request(volume=volume), "BTC/USDT", "1").quantity == Decimal("0.12345678")


@pytest.mark.parametrize(
    ("kind", "expected", "life"),
    [
        (OrderType.LIMIT, core.OrderType.LIMIT, TimeInForce.GTC),
        (OrderType.FAK, core.OrderType.LIMIT, TimeInForce.IOC),
        (OrderType.FOK, core.OrderType.LIMIT, TimeInForce.FOK),
        (OrderType.MARKET, core.OrderType.MARKET, None),
        (OrderType.STOP, core.OrderType.STOP_LOSS, None),
    ],
)
def test_each_type_becomes_what_it_means_and_comes_back(
    kind: OrderType, expected: core.OrderType, life: TimeInForce | None
) -> None:
    asked = to_order_request(request(type=kind, direction=Direction.SHORT), "BTC/USDT", "1")
    assert (asked.side, asked.type, asked.time_in_force) == (Side.SELL, expected, life)
    back = told(
        order(side=Side.SELL, type=expected, time_in_force=life, stop_price=asked.stop_price, price=asked.price)
    )
    assert (back.type, back.direction) == (kind, Direction.SHORT)
    assert back.price == (0.0 if kind is OrderType.MARKET else 0.3)


@pytest.mark.parametrize("kind", ["RFQ", "ICEBERG"])
def test_a_type_without_meaning_is_refused_and_never_sent_as_another(kind: str) -> None:
    with pytest.raises(UnsupportedError, match=kind):
        to_order_request(request(type=OrderType(kind)), "BTC/USDT", "1")
    with pytest.raises(InvalidRequest, match="direction must be LONG or SHORT"):
        to_order_request(request(direction="buy"), "BTC/USDT", "1")


def test_every_state_has_a_status_and_doubt_is_never_a_refusal() -> None:
    assert set(OrderStatus) - set(STATUSES) == UNDER_WAY
    assert STATUSES[OrderStatus.IN_DOUBT] is Status.SUBMITTING
    refused = {state for state, status in STATUSES.items() if status is Status.REJECTED}
    assert refused == {OrderStatus.REJECTED, OrderStatus.DENIED}


@pytest.mark.parametrize("state", sorted(UNDER_WAY, key=str))
def test_what_is_under_way_shows_as_what_the_order_still_is(state: OrderStatus) -> None:
    assert told(order(status=state)).status is Status.NOTTRADED
    assert told(order(status=state, filled=Decimal("0.1"))).status is Status.PARTTRADED


def test_floats_and_exact_numbers_stand_side_by_side() -> None:
    data = told(order(filled=Decimal("0.1"), filled_quote=Decimal("0.01"), status=OrderStatus.PARTIALLY_FILLED))
    assert (data.volume, data.traded, data.price) == (0.3, 0.1, 0.1)
    assert data.extra["volume"] - data.extra["traded"] == Decimal("0.2")  # which floats do not give
    assert data.extra["average_price"] == Decimal("0.1")
    assert all(isinstance(number, float) for number in (data.volume, data.traded, data.price))


def test_what_is_available_is_not_computed_with_floats() -> None:
    data = account_data(Balance("USDT", free=Decimal("0.2"), locked=Decimal("0.1")), "DESK")
    assert (data.balance, data.frozen, data.available) == (0.3, 0.1, 0.2)
    assert data.vt_accountid == "DESK.USDT"


@pytest.mark.parametrize(
    ("interval", "name"),
    [
        (Interval.MINUTE, "1m"),
        (Interval.HOUR, "1h"),
        (Interval.DAILY, "1d"),
        (Interval.WEEKLY, "1w"),
        (Interval("5m"), "5m"),
    ],
)
def test_intervals_have_foxtrots_names(interval: Interval, name: str) -> None:
    assert to_interval(interval) == name


def test_times_are_exact_to_the_microsecond_and_aware() -> None:
    moment = to_utc(1_700_000_000_123_456_789)
    assert (moment.microsecond, moment.isoformat()) == (123_456, "2023-11-14T22:13:20.123456+00:00")
