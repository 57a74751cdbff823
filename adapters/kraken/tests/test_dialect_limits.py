"""The trading counter of a pair, against the table of the venue's page."""

from __future__ import annotations

from typing import Any

import pytest

from .dialect_wire import Wire

TABLE = {
    # seconds: what an amend, an edit and a cancel of an order of that age add
    0: (4, 7, 8),
    4.9: (4, 7, 8),
    5: (3, 6, 6),
    9.9: (3, 6, 6),
    10: (2, 5, 5),
    14.9: (2, 5, 5),
    15: (1, 3, 4),
    44.9: (1, 3, 4),
    45: (1, 2, 2),
    89.9: (1, 2, 2),
    90: (1, 1, 1),
    299.9: (1, 1, 1),
    300: (1, 1, 0),
}
TOO_MANY = {"error": ["EOrder:Rate limit exceeded"]}


def counter(wire: Wire) -> int:
    """Return where the counter stands, as the venue tells a client."""
    token = wire.token()
    session, heard = wire.socket()
    wire.ask(session, "subscribe", channel="executions", token=token, ratecounter=True)
    wire.place(pair="XBTUSD", price="40000")  # adds one itself
    session.closed()
    return int(heard[-1]["data"][0]["ratecount"]) - 1


@pytest.mark.parametrize(("age", "costs"), TABLE.items())
@pytest.mark.parametrize("action", [0, 1, 2])
def test_an_action_counts_by_the_age_of_its_order(age: float, costs: tuple[int, int, int], action: int) -> None:
    wire = Wire()
    txid = wire.place()
    wire.now_ns += round(age * 1e9)
    wire.post("Balance")  # the decay is reckoned whenever somebody looks
    before = counter(wire)
    if action == 0:
        wire.ok("AmendOrder", txid=txid, order_qty="0.009")
    elif action == 1:
        wire.ok("EditOrder", txid=txid, pair="XBTUSD", volume="0.009")
    else:
        wire.ok("CancelOrder", txid=txid)
    assert counter(wire) - before == costs[action] + 1  # one for the order of the first look


@pytest.mark.parametrize(("tier", "most"), [("starter", 60), ("intermediate", 125), ("pro", 180)])
def test_beyond_the_tiers_threshold_orders_are_refused_until_it_decays(tier: str, most: int) -> None:
    wire = Wire(tier=tier)
    # cancels count without being refused, and keep the number of open orders low
    for _ in range(most // 9):
        wire.ok("CancelOrder", txid=wire.place())
    left = most - most // 9 * 9
    assert [wire.order()["error"] for _ in range(left)] == [[]] * left
    assert wire.order() == TOO_MANY
    assert wire.order(validate="true")["error"] == []  # asks for nothing
    assert wire.order(pair="XBTUSDT")["error"] == []  # a counter of its own
    decay = {"starter": 1, "intermediate": 2.34, "pro": 3.75}[tier]
    wire.now_ns += round(1.001 / decay * 1e9)
    assert [wire.order()["error"] for _ in range(2)] == [[], ["EOrder:Rate limit exceeded"]]


def test_rest_and_sockets_share_the_counter() -> None:
    wire = Wire(tier="starter")
    token = wire.token()
    session, heard = wire.socket()
    for _ in range(59):
        wire.order()
    order = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD", "order_qty": 0.01, "limit_price": 40_000}
    for _ in range(2):
        wire.ask(session, "add_order", **order, token=token)
    assert [said["success"] for said in heard] == [True, False]
    assert heard[-1]["error"] in ("EOrder:Rate limit exceeded", "EOrder:Orders limit exceeded")


@pytest.mark.parametrize(("tier", "most"), [("starter", 60), ("intermediate", 80), ("pro", 225)])
def test_so_many_orders_may_be_open_per_pair(tier: str, most: int) -> None:
    wire = Wire(tier=tier)

    def place(**params: Any) -> Any:
        wire.now_ns += 10**9  # the rate is not what is tested here
        return wire.order(volume="0.00005", **params)["error"]

    assert [place() for _ in range(most)] == [[]] * most
    assert place() == ["EOrder:Orders limit exceeded"]
    assert place(pair="XBTUSDT") == []


@pytest.mark.parametrize(("limited", "errors"), [(False, []), (True, ["EOrder:Rate limit exceeded"])])
def test_whether_cancels_are_refused_beyond_the_rate_is_an_option(limited: bool, errors: list[str]) -> None:
    wire = Wire(tier="starter", cancels_limited=limited)
    mine = [wire.place() for _ in range(55)]
    assert wire.post("CancelOrder", txid=mine[0])["error"] == errors
    assert wire.post("CancelAll")["error"] == []


@pytest.mark.parametrize(("option", "cost"), [("half", 2), ("full", 4)])
def test_what_a_batch_counts_is_an_option(option: str, cost: int) -> None:
    wire = Wire(batch_cost=option)
    before = counter(wire)
    order = {"ordertype": "limit", "type": "buy", "price": "50000", "volume": "0.01"}
    wire.post_json("AddOrderBatch", pair="XBTUSD", orders=[order] * 4)
    assert counter(wire) - before == cost + 1


@pytest.mark.parametrize("jump_s", [-30, 30])
def test_a_jump_of_the_venues_clock_neither_empties_nor_fills_its_counters(jump_s: int) -> None:
    wire = Wire(tier="pro")
    for _ in range(20):
        wire.ok("Balance")
    assert wire.post("Balance") == {"error": ["EAPI:Rate limit exceeded"]}
    wire.set_ns = jump_s * 10**9
    assert wire.post("Balance") == {"error": ["EAPI:Rate limit exceeded"]}
    wire.now_ns += 5 * 10**9
    for _ in range(5):
        wire.ok("Balance")
    assert wire.post("Balance") == {"error": ["EAPI:Rate limit exceeded"]}
