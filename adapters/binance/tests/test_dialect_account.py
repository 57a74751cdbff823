"""The sandbox's account, fees, order replies and private events, in both venues and both generations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from foxtrot.model.order import Side

from .wire import Wire

RATES = {"maker": "0.00100000", "taker": "0.00200000", "buyer": "0.00000000", "seller": "0.00000000"}


def body(answer: Any) -> Any:
    return json.loads(answer.body)


def test_each_venue_has_its_own_fee_requests_and_not_the_others() -> None:
    us, com = Wire(), Wire("binance")
    fee = [{"symbol": "BTCUSDT", "makerCommission": "0.001", "takerCommission": "0.002"}]
    assert body(us.signed("GET", "/sapi/v1/asset/query/trading-fee", symbol="BTCUSDT")) == fee
    assert body(com.signed("GET", "/sapi/v1/asset/tradeFee", symbol="BTCUSDT")) == fee
    for wire, path in ((us, "/sapi/v1/asset/tradeFee"), (com, "/sapi/v1/asset/query/trading-fee")):
        assert wire.signed("GET", path).status == 404
    assert us.signed("GET", "/api/v3/account/commission", symbol="BTCUSDT").status == 404


def test_commission_rates_are_told_for_the_account_and_for_a_test_order() -> None:
    com = Wire("binance")
    told = body(com.signed("GET", "/api/v3/account/commission", symbol="BTCUSDT"))
    assert (told["symbol"], told["standardCommission"]) == ("BTCUSDT", RATES)
    assert told["specialCommission"]["taker"] == told["taxCommission"]["taker"] == "0.00000000"
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    answer = com.signed("POST", "/api/v3/order/test", **order, computeCommissionRates="true")
    assert body(answer)["standardCommissionForOrder"] == RATES
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "40"  # 20 and 20
    assert body(com.signed("POST", "/api/v3/order/test", **order)) == {}


def test_the_trading_volume_is_that_of_the_last_30_days() -> None:
    wire = Wire()
    for days, price in ((0, "60001"), (29, "60003")):
        wire.now_ms += days * 86_400_000
        wire.offer(Side.SELL, "0.01", price)
        assert wire.order(price=price).status == 200
    ask = lambda: body(wire.signed("GET", "/sapi/v1/asset/query/trading-volume"))  # noqa: E731
    assert ask() == {"past30DaysTradingVolume": 1200.04}
    wire.now_ms += 2 * 86_400_000
    assert ask() == {"past30DaysTradingVolume": 600.03}


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        ((), True),
        (("orderId",), True),
        (("startTime",), True),
        (("endTime",), True),
        (("fromId",), True),
        (("startTime", "endTime"), True),
        (("orderId", "fromId"), True),
        (("orderId", "startTime"), False),
        (("orderId", "endTime"), False),
        (("fromId", "startTime"), False),
        (("fromId", "endTime"), False),
        (("orderId", "fromId", "endTime"), False),
    ],
)
def test_my_trades_takes_exactly_the_documented_combinations(names: tuple[str, ...], allowed: bool) -> None:
    answer = Wire().signed("GET", "/api/v3/myTrades", symbol="BTCUSDT", **dict.fromkeys(names, 1))
    assert answer.status == (200 if allowed else 400)
    assert allowed or body(answer)["code"] == -1128


def test_only_one_venue_bounds_the_range_of_the_order_history() -> None:
    day = 86_400_000
    for venue, span, code in (("binanceus", day + 1, None), ("binance", day, None), ("binance", day + 1, -1127)):
        wire = Wire(venue)
        start = wire.now_ms - 10 * day
        answer = wire.signed("GET", "/api/v3/allOrders", symbol="BTCUSDT", startTime=start, endTime=start + span)
        assert (body(answer)["code"] if answer.status != 200 else None) == code


def test_the_older_generation_says_less_about_orders() -> None:
    for profile, extra in (("legacy", set()), ("current", {"origQuoteOrderQty"})):
        wire = Wire(profile=profile)
        placed = body(wire.order())
        ended = body(wire.signed("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=placed["orderId"]))
        assert set(placed) & {"origQuoteOrderQty"} == extra
        assert set(ended) & {"origQuoteOrderQty", "transactTime"} == extra | ({"transactTime"} if extra else set())
        wire.order()
        (swept,) = body(wire.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSDT"))
        assert set(swept) == set(ended)


def test_a_deposit_is_told_as_a_new_position_and_as_a_change() -> None:
    wire = Wire()
    session, heard = wire.socket("/ws-api/v3")
    wire.ask_signed(session, "userDataStream.subscribe.signature")
    wire.venue.deposit("client", "BTC", wire.venue.maker_fee)
    position, change = (m["event"] for m in heard[1:])
    assert (position["e"], position["B"]) == (
        "outboundAccountPosition",
        [{"a": "BTC", "f": "1.00100000", "l": "0.00000000"}],
    )
    assert change == {"e": "balanceUpdate", "E": wire.now_ms, "a": "BTC", "d": "0.00100000", "T": wire.now_ms}
    wire.order()
    assert [m["event"]["e"] for m in heard[3:]] == ["executionReport", "outboundAccountPosition"]


def test_an_ended_subscription_says_so_and_cannot_be_ended_twice() -> None:
    wire = Wire()
    session, heard = wire.socket("/ws-api/v3")
    for _ in range(2):
        wire.ask_signed(session, "userDataStream.subscribe.signature")
    heard.clear()
    wire.ask(session, "userDataStream.unsubscribe", subscriptionId=0)
    wire.ask(session, "session.subscriptions")
    reply, end, left = heard
    assert (reply["status"], reply["result"], left["result"]) == (200, {}, [{"subscriptionId": 1}])
    assert end == {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": wire.now_ms}}
    wire.ask(session, "userDataStream.unsubscribe", subscriptionId=0)
    assert heard[-1]["error"]["code"] == -2036
    heard.clear()
    wire.order()
    assert {m["subscriptionId"] for m in heard} == {1}


def test_a_closed_listen_key_socket_is_forgotten() -> None:
    wire = Wire()
    key = body(wire.http("POST", "/api/v3/userDataStream"))["listenKey"]
    session, heard = wire.socket(f"/ws/{key}")
    session.closed()
    wire.order()
    assert wire.http("DELETE", "/api/v3/userDataStream", f"listenKey={key}").status == 200
    assert (heard, wire.closed) == ([], [])


@pytest.mark.parametrize(
    ("mode", "taker", "maker"),
    [
        ("EXPIRE_TAKER", ("EXPIRED_IN_MATCH", "0.00400000"), None),
        ("EXPIRE_MAKER", None, ("EXPIRED_IN_MATCH", "0.01000000")),
        ("EXPIRE_BOTH", ("EXPIRED_IN_MATCH", "0.00400000"), ("EXPIRED_IN_MATCH", "0.01000000")),
        ("DECREMENT", ("EXPIRED_IN_MATCH", "0.00400000"), ("NEW", "0.00400000")),
    ],
)
def test_a_prevented_match_is_told_with_its_id_its_quantities_and_the_other_order(
    mode: str, taker: tuple[str, str] | None, maker: tuple[str, str] | None
) -> None:
    wire = Wire()
    session, heard = wire.socket("/ws-api/v3")
    wire.ask_signed(session, "userDataStream.subscribe.signature")
    resting = body(wire.order(side="SELL", price="60000", quantity="0.01"))["orderId"]
    order = {"type": "MARKET", "price": None, "timeInForce": None, "quantity": "0.004"}
    mine = body(wire.order(**order, selfTradePreventionMode=mode))["orderId"]
    reports = [m["event"] for m in heard[1:] if m["event"].get("x") == "TRADE_PREVENTION"]
    told = {r["i"]: (r["X"], r["A"]) for r in reports}
    assert told == {i: said for i, said in ((mine, taker), (resting, maker)) if said is not None}
    assert {(r["i"], r["U"]) for r in reports} <= {(mine, resting), (resting, mine)}
    assert all((r["v"], r["B"], r["u"]) == (1, r["A"], -1) for r in reports)
