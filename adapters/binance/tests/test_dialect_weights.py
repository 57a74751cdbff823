"""Each request costs what the published tables say, in both columns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .wire import Wire

PAIR = {"symbol": "BTCUSDT"}
TWO = {"symbols": '["BTCUSDT","ETHUSDT"]'}
MANY = {"symbols": json.dumps(["X"] * 30).replace(" ", "")}
PUBLIC: list[tuple[str, dict[str, Any], int, int]] = [
    ("/api/v3/ping", {}, 1, 1),
    ("/api/v3/time", {}, 1, 1),
    ("/api/v3/exchangeInfo", {}, 10, 20),
    ("/api/v3/depth", PAIR, 1, 5),
    ("/api/v3/depth", PAIR | {"limit": 500}, 5, 25),
    ("/api/v3/depth", PAIR | {"limit": 1_000}, 10, 50),
    ("/api/v3/depth", PAIR | {"limit": 9_999}, 50, 250),
    ("/api/v3/trades", PAIR, 1, 25),
    ("/api/v3/historicalTrades", PAIR, 5, 25),
    ("/api/v3/aggTrades", PAIR, 1, 4),
    ("/api/v3/klines", PAIR | {"interval": "1m"}, 1, 2),
    ("/api/v3/avgPrice", PAIR, 1, 2),
    ("/api/v3/ticker/24hr", PAIR, 1, 2),
    ("/api/v3/ticker/24hr", TWO, 1, 2),
    ("/api/v3/ticker/24hr", {}, 40, 80),
    ("/api/v3/ticker/price", PAIR, 1, 2),
    ("/api/v3/ticker/price", {}, 2, 4),
    ("/api/v3/ticker/bookTicker", PAIR, 1, 2),
    ("/api/v3/ticker/bookTicker", TWO, 2, 4),
    ("/api/v3/ticker", PAIR, 2, 4),
    ("/api/v3/ticker", TWO, 4, 8),
]
SIGNED: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("GET", "/api/v3/openOrders", PAIR, 3, 6),
    ("GET", "/api/v3/openOrders", {}, 40, 80),
    ("GET", "/api/v3/allOrders", PAIR, 10, 20),
    ("GET", "/api/v3/account", {}, 10, 20),
    ("GET", "/api/v3/myTrades", PAIR, 10, 20),
    ("GET", "/api/v3/myTrades", PAIR | {"orderId": 1}, 10, 5),
    ("GET", "/api/v3/rateLimit/order", {}, 20, 40),
]


def cost(answer: Any) -> int:
    return int(answer.headers["X-MBX-USED-WEIGHT-1M"])


@pytest.mark.parametrize(("path", "params", "us", "com"), PUBLIC)
def test_a_public_request_costs_its_weight(path: str, params: dict[str, Any], us: int, com: int) -> None:
    for column, weight in (("us", us), ("com", com)):
        query = "&".join(f"{name}={value}" for name, value in params.items())
        answer = Wire(weights=column).http("GET", path, query)
        assert (answer.status, cost(answer)) == (200, weight)


@pytest.mark.parametrize(("method", "path", "params", "us", "com"), SIGNED)
def test_a_signed_request_costs_its_weight(method: str, path: str, params: dict[str, Any], us: int, com: int) -> None:
    for column, weight in (("us", us), ("com", com)):
        answer = Wire(weights=column).signed(method, path, **params)
        assert (answer.status, cost(answer)) == (200, weight)


def test_tickers_of_21_to_100_symbols_cost_more_than_of_20_even_when_they_are_refused() -> None:
    for column, weight in (("us", 20), ("com", 40)):
        answer = Wire(weights=column).http("GET", "/api/v3/ticker/24hr", f"symbols={MANY['symbols']}")
        assert cost(answer) == weight


def test_an_order_that_succeeds_is_free_in_the_com_column_and_one_that_fails_is_not() -> None:
    for column, after_success, after_failure in (("us", 1, 2), ("com", 0, 1)):
        wire = Wire(weights=column)
        assert cost(wire.order()) == after_success
        assert cost(wire.order(quantity="0.000001")) == after_failure


def test_the_profile_decides_the_column_unless_told() -> None:
    for profile, weight in (("legacy", 10), ("current", 20)):
        assert cost(Wire(profile=profile).http("GET", "/api/v3/exchangeInfo")) == weight


def test_connecting_to_the_ws_api_costs_weight_too_and_is_refused_to_the_banned() -> None:
    for column, weight in (("us", 1), ("com", 2)):
        wire = Wire(weights=column)
        session, heard = wire.socket("/ws-api/v3")
        wire.ask(session, "ping")
        assert heard[0]["rateLimits"][0]["count"] == weight + 1
    wire = Wire(weights="com")
    session, heard = wire.socket("/ws-api/v3")
    while heard[-1:] == [] or heard[-1]["status"] != 418:
        wire.ask(session, "depth", symbol="BTCUSDT", limit=5_000)
    answer = wire.dialect.open_socket("/ws-api/v3", "", "here", lambda _: None, lambda *_: None)
    assert (answer.status, json.loads(answer.body)["code"]) == (418, -1003)
    assert int(answer.headers["Retry-After"]) == 120


def test_a_refusal_on_the_ws_api_states_the_limits_and_when_to_come_back() -> None:
    wire = Wire(weights="com")
    session, heard = wire.socket("/ws-api/v3")
    wire.ask(session, "depth", symbol="NOPE")
    assert heard[0]["rateLimits"][0]["count"] == 2 + 5
    while heard[-1]["status"] != 429:
        wire.ask(session, "depth", symbol="BTCUSDT", limit=5_000)
    data = heard[-1]["error"]["data"]
    assert 0 < data["retryAfter"] - data["serverTime"] <= 60_000
    silent, answers = Wire().socket("/ws-api/v3", "returnRateLimits=false")
    wire.ask(silent, "depth", symbol="NOPE")
    assert "rateLimits" not in answers[0]


@pytest.mark.parametrize(("venue", "header"), [("binanceus", None), ("binance", "10")])
def test_only_one_venue_says_when_orders_may_be_placed_again(venue: str, header: str | None) -> None:
    wire = Wire(venue)
    answers = [wire.order(quantity="0.0002") for _ in range(101)]
    assert (answers[-1].status, json.loads(answers[-1].body)["code"]) == (429, -1015)
    assert answers[-1].headers.get("Retry-After") == header
