"""What requests cost is what the venue's tables say, and the core's counters carry it out."""

from __future__ import annotations

import msgspec
import pytest

from foxtrot.model.contract import Contract
from foxtrot.model.order import AmendRequest, Order
from foxtrot.protocol.budget import LimitKind
from foxtrot.protocol.calls import Call
from foxtrot.protocol.ratelimit import Limiter
from foxtrot_kraken.codec.rest import KrakenRestCodec
from foxtrot_kraken.codec.weights import amend_cost, calls_of, cancel_cost, limits_of


@pytest.mark.parametrize(
    ("age", "amend", "cancel"),
    [
        (0.0, 4, 8), (4.9, 4, 8), (5.0, 3, 6), (9.9, 3, 6), (10.0, 2, 5), (14.9, 2, 5), (15.0, 1, 4), (44.9, 1, 4),
        (45.0, 1, 2), (89.9, 1, 2), (90.0, 1, 1), (299.0, 1, 1), (300.0, 1, 0), (86_400.0, 1, 0),
    ],
)  # fmt: skip
def test_young_orders_cost_more_to_change_and_to_cancel(age: float, amend: float, cancel: float) -> None:
    later = age + 2.0  # the venue may have taken it so much later than we sent it
    assert (amend_cost(later), cancel_cost(later)) == (amend, cancel)


@pytest.mark.parametrize(
    ("operation", "cost"),
    [("AddOrder", 0), ("AmendOrder", 0), ("CancelOrder", 0), ("ClosedOrders", 2), ("TradesHistory", 2),
     ("OpenOrders", 1), ("QueryOrders", 1), ("BalanceEx", 1), ("GetWebSocketsToken", 1)],
)  # fmt: skip
def test_reads_cost_one_and_ledgers_two_and_commands_count_elsewhere(operation: str, cost: float) -> None:
    assert calls_of(operation) == cost


def test_calls_carry_their_costs(rest: KrakenRestCodec, order: Order, contract: Contract) -> None:
    placed = rest.place_order(order, contract)
    amend = rest.amend_order(order, AmendRequest(symbol="BTC/USD", price=order.price), "x", contract, 7.0)
    cancel = rest.cancel_order(contract, "O", "", 7.0)
    assert [(c.trading, c.calls, c.weight, c.market) for c in (placed, amend, cancel)] == [
        (1.0, 0.0, 0, "BTC/USD"),
        (3.0, 0.0, 0, "BTC/USD"),
        (6.0, 0.0, 0, "BTC/USD"),
    ]
    assert (rest.fetch_my_trades(None, None, None, "", 1).calls, rest.fetch_open_orders(None).calls) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("tier", "calls", "trading", "falls"),
    [("starter", 15, 60, (0.33, 1.0)), ("intermediate", 20, 125, (0.5, 2.34)), ("pro", 20, 180, (1.0, 3.75))],
)
def test_each_tier_has_its_counters(tier: str, calls: int, trading: int, falls: tuple[float, float]) -> None:
    limits = {limit.kind: limit for limit in limits_of(tier)}
    assert (limits[LimitKind.CALLS].limit, limits[LimitKind.TRADING].limit) == (calls, trading)
    assert (limits[LimitKind.CALLS].decay_per_s, limits[LimitKind.TRADING].decay_per_s) == falls


def sent_at_once(limiter: Limiter, call: Call[object], now_s: float) -> int:
    """Return how many of a call may go at one moment."""
    count = 0
    while limiter.delay(call, now_s) == 0.0:
        limiter.take(call, now_s)
        count += 1
    return count


def test_the_counters_let_through_what_the_tables_allow(
    rest: KrakenRestCodec, order: Order, contract: Contract
) -> None:
    limiter = Limiter(headroom=0.0)
    limiter.configure(limits_of("starter"))
    history, cancel = rest.fetch_my_trades(None, None, None, "", 1), rest.cancel_order(contract, "O", "", 1.0)
    assert sent_at_once(limiter, history, 0.0) == 7  # of 2 points each below 15, of which one is left
    assert limiter.delay(history, 0.0) == pytest.approx(2 / 0.33)
    assert sent_at_once(limiter, history, 6.0) == 0
    assert sent_at_once(limiter, history, 6.1) == 1
    change = AmendRequest(symbol="BTC/USD", price=order.price)
    assert sent_at_once(limiter, rest.amend_order(order, change, "", contract, 1.0), 0.0) == 14  # of 4 points each
    assert limiter.delay(rest.place_order(order, contract), 0.0) == 0.0  # a counter of its own, with 4 below 60 left
    for _ in range(3):
        assert limiter.delay(cancel, 0.0) == 0.0  # never held up, and counted all the same
        limiter.take(cancel, 0.0)
    assert limiter.delay(rest.place_order(order, contract), 0.0) == pytest.approx(22.0)


def test_each_market_has_a_trading_counter_of_its_own(rest: KrakenRestCodec, order: Order, contract: Contract) -> None:
    limiter = Limiter(headroom=0.0)
    limiter.configure(limits_of("starter"))
    first = rest.place_order(order, contract)
    assert sent_at_once(limiter, first, 0.0) == 59
    assert sent_at_once(limiter, msgspec.structs.replace(first, market="ETH/BTC"), 0.0) == 59


def test_each_pair_has_a_counter_of_its_own_for_public_requests(rest: KrakenRestCodec, contract: Contract) -> None:
    limiter = Limiter(headroom=0.0)
    limiter.configure(limits_of("starter"))
    trades = rest.fetch_trades(contract, 1, "")
    assert sent_at_once(limiter, trades, 0.0) == 4
    assert limiter.delay(trades, 0.0) == pytest.approx(1.0)
    assert limiter.delay(rest.fetch_order_book(contract, 1), 0.0) == pytest.approx(1.0)
    assert limiter.delay(msgspec.structs.replace(trades, market="ETH/BTC"), 0.0) == 0.0
    assert [call.market for call in (rest.fetch_markets(), rest.fetch_server_time())] == ["AssetPairs", "Time"]
    assert [rest.fetch_tickers([contract] * n).market for n in (1, 2)] == ["XXBTZUSD", "Ticker"]
