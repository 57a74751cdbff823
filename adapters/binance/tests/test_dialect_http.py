"""The sandbox speaks the venue's REST protocol: real codes, real texts, real headers."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from decimal import Decimal as D
from typing import Any
from urllib.parse import urlencode

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.dialect import HttpRequest, HttpResponse
from foxtrot.sandbox.options import DEFAULT_KEY, DEFAULT_SECRET, SandboxOptions
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder
from foxtrot.sandbox.venue import Venue
from foxtrot_binance.dialect import BINANCEUS_DIALECT
from foxtrot_binance.dialect.core import BinanceDialect

START_MS = 1_800_000_000_000


class Desk:
    """A client without sockets."""

    def __init__(self, profile: str = "current", **options: Any) -> None:
        chosen = SandboxOptions(venue="binanceus", profile=profile, symbols=("BTC/USDT",), dialect_options=options)
        contracts = BINANCEUS_DIALECT.contracts(chosen)
        self.now_ms = START_MS
        self.venue = Venue(
            contracts,
            lambda: self.now_ms * 1_000_000,
            maker_fee=D("0.001"),
            taker_fee=D("0.001"),
            prices={"BTC/USDT": D(60_000)},
            history_days=1,
        )
        self.dialect: BinanceDialect = BINANCEUS_DIALECT.open(self.venue, chosen)

    def offer(self, side: Side, quantity: str, price: str) -> None:
        self.venue.place(
            NewOrder(
                account=MARKET_ACCOUNT,
                symbol="BTC/USDT",
                side=side,
                type=OrderType.LIMIT,
                quantity=D(quantity),
                price=D(price),
            )
        )

    def call(
        self, method: str, path: str, *, signed: bool = False, key: str = DEFAULT_KEY, **params: Any
    ) -> HttpResponse:
        query = urlencode(params)
        if signed:
            query = urlencode({**params, "timestamp": params.get("timestamp", self.now_ms)})
            query += "&signature=" + hmac.new(DEFAULT_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        return self.raw(method, path, query, key=key)

    def raw(self, method: str, path: str, query: str = "", body: str = "", key: str = DEFAULT_KEY) -> HttpResponse:
        headers = {"x-mbx-apikey": key} if key else {}
        request = HttpRequest(method=method, path=path, query=query, headers=headers, body=body.encode())
        return self.dialect.http(request)

    def order(self, **params: Any) -> HttpResponse:
        limit = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
        chosen = {**limit, "price": "50000", **params}
        return self.call("POST", "/api/v3/order", signed=True, **{k: v for k, v in chosen.items() if v is not None})


@pytest.fixture
def desk() -> Desk:
    return Desk()


def body(answer: HttpResponse) -> Any:
    return json.loads(answer.body)


def test_a_signed_request_is_accepted_however_its_parameters_are_split(desk: Desk) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
    form = f"quantity=0.01&price=50000&timestamp={desk.now_ms}"
    signature = hmac.new(DEFAULT_SECRET.encode(), (query + form).encode(), hashlib.sha256).hexdigest()
    answer = desk.raw("POST", "/api/v3/order", query, f"{form}&signature={signature}")
    assert (answer.status, body(answer)["status"]) == (200, "NEW")


@pytest.mark.parametrize(
    ("key", "timestamp", "tamper", "status", "code"),
    [
        ("", 0, "", 401, -2014),
        ("someone-else", 0, "", 401, -2015),
        (DEFAULT_KEY, 1_000, "", 400, -1021),
        (DEFAULT_KEY, -5_001, "", 400, -1021),
        (DEFAULT_KEY, 0, "0", 400, -1022),
    ],
)
def test_bad_keys_times_and_signatures_get_the_venues_codes(
    desk: Desk, key: str, timestamp: int, tamper: str, status: int, code: int
) -> None:
    query = f"timestamp={desk.now_ms + timestamp}"
    signature = hmac.new(DEFAULT_SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    answer = desk.raw("GET", "/api/v3/account", f"{query}&signature={tamper or signature[:1]}{signature[1:]}", key=key)
    assert (answer.status, body(answer)["code"]) == (status, code)


def test_a_request_just_inside_the_window_is_taken(desk: Desk) -> None:
    for offset in (999, -5_000):
        assert desk.call("GET", "/api/v3/account", signed=True, timestamp=desk.now_ms + offset).status == 200


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"symbol": None}, -1102, "Mandatory parameter 'symbol' was not sent"),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "WISH"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce'"),
        ({"quantity": "1e-3"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"colour": "red"}, -1104, "Not all sent parameters were read"),
        ({"newClientOrderId": "with space"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "50000.000000001"}, -1111, "Parameter 'price' has too much precision."),
        ({"quantity": "0.000011"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: MIN_NOTIONAL"),
        ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "320000"}, -1013, "Filter failure: PERCENT_PRICE"),
        ({"quantity": "5", "icebergQty": "0.1"}, -1013, "Filter failure: ICEBERG_PARTS"),
        ({"quantity": "5"}, -2010, "Account has insufficient balance for requested action."),
        ({"trailingDelta": "100"}, -2010, "Trailing stop orders are not supported for this symbol."),
        ({"selfTradePreventionMode": "NONE"}, -1013, "does not allow the specified self-trade prevention mode"),
        ({"type": "MARKET", "price": None, "timeInForce": "GTC"}, -1106, "Parameter 'timeInForce' sent when not"),
        (
            {"type": "MARKET", "price": None, "timeInForce": None, "quantity": "91"},
            -1013,
            "Filter failure: MARKET_LOT_SIZE",
        ),
        (
            {"side": "SELL", "type": "STOP_LOSS", "price": None, "timeInForce": None, "stopPrice": "61000"},
            -2010,
            "Order would trigger immediately.",
        ),
        ({"type": "LIMIT_MAKER", "timeInForce": None, "price": "60001"}, -2010, "would immediately match and take."),
    ],
)
def test_a_bad_order_is_refused_in_the_venues_words(desk: Desk, params: dict[str, Any], code: int, text: str) -> None:
    desk.offer(Side.SELL, "1", "60001")
    answer = desk.order(**params)
    assert answer.status == 400
    assert body(answer)["code"] == code
    assert text in body(answer)["msg"]


def test_the_legacy_profile_has_the_older_rules() -> None:
    legacy = Desk("legacy")
    info = body(legacy.call("GET", "/api/v3/exchangeInfo"))
    symbol = info["symbols"][0]
    assert info["rateLimits"][0]["limit"] == 1_200
    assert symbol["permissions"] == ["SPOT"]
    assert "STOP_LOSS" not in symbol["orderTypes"]
    stop = legacy.order(side="SELL", type="STOP_LOSS", price=None, timeInForce=None, stopPrice="50000")
    assert body(stop)["msg"] == "Stop loss orders are not supported for this symbol."
    assert body(Desk().call("GET", "/api/v3/exchangeInfo"))["symbols"][0]["permissionSets"] == [["SPOT"]]


def test_an_orders_life_over_rest(desk: Desk) -> None:
    desk.offer(Side.SELL, "0.004", "60001")
    placed = body(desk.order(price="60001", newClientOrderId="mine"))
    assert (placed["status"], placed["executedQty"], len(placed["fills"])) == ("PARTIALLY_FILLED", "0.00400000", 1)
    asked = body(desk.call("GET", "/api/v3/order", signed=True, symbol="BTCUSDT", origClientOrderId="mine"))
    assert (asked["orderId"], asked["status"]) == (placed["orderId"], "PARTIALLY_FILLED")
    assert len(body(desk.call("GET", "/api/v3/openOrders", signed=True))) == 1
    ended = body(desk.call("DELETE", "/api/v3/order", signed=True, symbol="BTCUSDT", orderId=placed["orderId"]))
    assert (ended["status"], ended["origClientOrderId"]) == ("CANCELED", "mine")
    assert ended["clientOrderId"] != "mine"
    again = desk.call("DELETE", "/api/v3/order", signed=True, symbol="BTCUSDT", orderId=placed["orderId"])
    assert body(again) == {"code": -2011, "msg": "Unknown order sent."}
    unknown = desk.call("GET", "/api/v3/order", signed=True, symbol="BTCUSDT", orderId=99_999)
    assert body(unknown)["code"] == -2013
    trades = body(desk.call("GET", "/api/v3/myTrades", signed=True, symbol="BTCUSDT"))
    assert [(t["id"], t["qty"], t["commissionAsset"]) for t in trades] == [(1, "0.00400000", "BTC")]


def test_response_types_follow_the_documented_defaults(desk: Desk) -> None:
    assert "fills" in body(desk.order())
    maker = body(desk.order(type="LIMIT_MAKER", timeInForce=None))
    assert set(maker) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert "fills" not in body(desk.order(newOrderRespType="RESULT"))


def test_order_test_checks_everything_and_places_nothing(desk: Desk) -> None:
    params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    assert body(desk.call("POST", "/api/v3/order/test", signed=True, **params)) == {}
    bad = desk.call("POST", "/api/v3/order/test", signed=True, **{**params, "quantity": "0.000001"})
    assert body(bad)["msg"] == "Filter failure: LOT_SIZE"
    assert body(desk.call("GET", "/api/v3/allOrders", signed=True, symbol="BTCUSDT")) == []


@pytest.mark.parametrize(
    ("cancel_id", "price", "mode", "status", "code", "results"),
    [
        ("mine", "50001", "STOP_ON_FAILURE", 200, None, ("SUCCESS", "SUCCESS")),
        ("other", "50001", "STOP_ON_FAILURE", 400, -2022, ("FAILURE", "NOT_ATTEMPTED")),
        ("other", "50001", "ALLOW_FAILURE", 409, -2021, ("FAILURE", "SUCCESS")),
        ("mine", "59999", "STOP_ON_FAILURE", 409, -2021, ("SUCCESS", "FAILURE")),
        ("other", "59999", "ALLOW_FAILURE", 400, -2022, ("FAILURE", "FAILURE")),
    ],
)
def test_cancel_replace_answers_by_the_documented_matrix(
    desk: Desk, cancel_id: str, price: str, mode: str, status: int, code: int | None, results: tuple[str, str]
) -> None:
    desk.order(newClientOrderId="mine")
    quantity = "0.01" if price == "50001" else "5"  # the second cannot be paid
    answer = desk.call(
        "POST",
        "/api/v3/order/cancelReplace",
        signed=True,
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        quantity=quantity,
        price=price,
        cancelReplaceMode=mode,
        cancelOrigClientOrderId=cancel_id,
    )
    said = body(answer)
    halves = said if code is None else said["data"]
    assert (answer.status, said.get("code")) == (status, code)
    assert (halves["cancelResult"], halves["newOrderResult"]) == results


def test_weights_are_counted_in_clock_minutes_and_going_on_after_429_is_banned() -> None:
    desk = Desk("legacy")
    for number in itertools.count(1):
        answer = desk.call("GET", "/api/v3/allOrders", signed=True, symbol="BTCUSDT")
        if answer.status != 200:
            break
        assert answer.headers["X-MBX-USED-WEIGHT-1M"] == str(10 * number)
    assert number == 121
    assert (answer.status, body(answer)["code"]) == (429, -1003)
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    banned = desk.call("GET", "/api/v3/ping")
    assert banned.status == 418
    assert "IP banned until" in body(banned)["msg"]
    desk.now_ms += 121_000
    assert desk.call("GET", "/api/v3/ping").status == 200


def test_orders_are_counted_per_ten_seconds(desk: Desk) -> None:
    answers = [desk.order(quantity="0.00002") for _ in range(101)]
    assert answers[99].headers["X-MBX-ORDER-COUNT-10S"] == "100"
    assert (answers[100].status, body(answers[100])["code"]) == (429, -1015)
    desk.now_ms += 10_000
    assert desk.order(quantity="0.00002").status == 200


def test_klines_of_any_interval_are_aligned_and_without_holes(desk: Desk) -> None:
    for interval, length in (("1m", 60_000), ("15m", 900_000), ("1h", 3_600_000)):
        rows = body(desk.call("GET", "/api/v3/klines", symbol="BTCUSDT", interval=interval, limit=10))
        opens = [row[0] for row in rows]
        assert opens == list(range(opens[0], opens[0] + 10 * length, length))
        assert all(row[6] == row[0] + length - 1 for row in rows)
    assert body(desk.call("GET", "/api/v3/klines", symbol="BTCUSDT", interval="7m"))["code"] == -1120


def test_a_range_of_klines_starts_and_ends_where_asked(desk: Desk) -> None:
    start = START_MS - 30 * 60_000
    rows = body(
        desk.call("GET", "/api/v3/klines", symbol="BTCUSDT", interval="1m", startTime=start, endTime=start + 5 * 60_000)
    )
    assert [row[0] for row in rows] == [start + i * 60_000 for i in range(6)]


def test_a_rolling_window_covers_the_minutes_asked_for(desk: Desk) -> None:
    window = body(desk.call("GET", "/api/v3/ticker", symbol="BTCUSDT", windowSize="10m"))
    rows = body(desk.call("GET", "/api/v3/klines", symbol="BTCUSDT", interval="1m", limit=11))
    assert window["closeTime"] - window["openTime"] == 600_000
    assert D(window["volume"]) == sum(D(row[5]) for row in rows)
    assert D(window["highPrice"]) == max(D(row[2]) for row in rows)
    for bad in ("0m", "60m", "24h", "8d", "x"):
        assert body(desk.call("GET", "/api/v3/ticker", symbol="BTCUSDT", windowSize=bad))["code"] == -1100
    assert body(desk.call("GET", "/api/v3/ticker"))["code"] == -1102


def test_listen_keys_can_be_switched_off() -> None:
    gone = Desk(listen_key="gone").call("POST", "/api/v3/userDataStream")
    assert gone.status == 410
    assert len(body(Desk().call("POST", "/api/v3/userDataStream"))["listenKey"]) == 60


def test_an_unknown_path_is_not_found_and_a_known_one_insists_on_its_method(desk: Desk) -> None:
    assert desk.call("GET", "/api/v3/nothing").status == 404
    assert desk.call("DELETE", "/api/v3/time").status == 405
