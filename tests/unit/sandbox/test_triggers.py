"""Stops: what triggers them, in which order they run, and their money meanwhile."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, OrderReport, ReportKind, VenueEvent, VenueOrder, VenueStatus
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"


@pytest.fixture
def venue() -> Venue:
    made = small_venue(fee="0")
    made.open_account("anna", {"BTC": D(30), "USDT": D(10_000)})
    return made


def offer(venue: Venue, side: Side, quantity: int, price: int) -> None:
    kind = OrderType.LIMIT
    venue.place(
        NewOrder(account=MARKET_ACCOUNT, symbol=SYMBOL, side=side, type=kind, quantity=D(quantity), price=D(price))
    )


def stop(
    venue: Venue,
    kind: OrderType,
    side: Side,
    quantity: int,
    stop_price: int,
    price: int = 0,
    lifetime: TimeInForce = TimeInForce.GTC,
) -> VenueOrder:
    return venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=side,
            type=kind,
            quantity=D(quantity),
            stop_price=D(stop_price),
            price=D(price) if price else None,
            time_in_force=lifetime,
        )
    )


def now(venue: Venue, order: VenueOrder) -> VenueOrder:
    return venue.order("anna", SYMBOL, order_id=order.order_id)


def test_a_stop_that_the_price_touched_runs_though_another_stop_moved_the_price_away_again(venue: Venue) -> None:
    profit = stop(venue, OrderType.TAKE_PROFIT, Side.SELL, 5, 105)
    loss = stop(venue, OrderType.STOP_LOSS, Side.BUY, 1, 106)
    offer(venue, Side.BUY, 10, 94)
    offer(venue, Side.SELL, 1, 106)
    offer(venue, Side.SELL, 10, 107)
    offer(venue, Side.BUY, 1, 106)
    assert now(venue, profit).executions[0].price == 94
    assert now(venue, loss).executions[0].price == 107


def test_stops_run_nearest_price_first_and_at_one_price_the_earliest_first(venue: Venue) -> None:
    far = stop(venue, OrderType.STOP_LOSS, Side.SELL, 1, 95)
    near_late, near = (stop(venue, OrderType.STOP_LOSS, Side.SELL, 1, 97) for _ in range(2))
    heard: list[VenueEvent] = []
    venue.listeners.append(heard.append)
    offer(venue, Side.BUY, 9, 90)
    offer(venue, Side.SELL, 1, 90)
    run = [e.order.order_id for e in heard if isinstance(e, OrderReport) and e.kind is ReportKind.TRIGGERED]
    assert run == [near_late.order_id, near.order_id, far.order_id]


def test_stops_that_the_price_has_not_reached_go_on_waiting(venue: Venue) -> None:
    waiting = [
        stop(venue, OrderType.STOP_LOSS, Side.SELL, 1, 95),
        stop(venue, OrderType.TAKE_PROFIT, Side.SELL, 1, 105),
        stop(venue, OrderType.STOP_LOSS, Side.BUY, 1, 105),
        stop(venue, OrderType.TAKE_PROFIT, Side.BUY, 1, 95),
    ]
    offer(venue, Side.BUY, 9, 96)
    for price in (96, 104):
        venue.market(SYMBOL).print_trade(D(price), D(1), Side.BUY)
    assert [now(venue, order).status for order in waiting] == [VenueStatus.NEW] * 4
    assert all(not now(venue, order).triggered for order in waiting)


def test_the_limit_form_rests_at_its_price_once_triggered_and_keeps_its_lock(venue: Venue) -> None:
    order = stop(venue, OrderType.STOP_LOSS_LIMIT, Side.BUY, 2, 105, price=103)
    assert now(venue, order).working_ns == 0
    assert venue.balances("anna")["USDT"] == (D(9_794), D(206))
    assert venue.depth(SYMBOL, 5)[1] == []
    venue.market(SYMBOL).print_trade(D(105), D(1), Side.BUY)
    assert now(venue, order).working_ns > 0
    assert venue.depth(SYMBOL, 5)[1] == [(D(103), D(2))]
    assert venue.balances("anna")["USDT"] == (D(9_794), D(206))


def test_a_triggered_fill_or_kill_that_cannot_fill_expires_and_frees_its_money(venue: Venue) -> None:
    order = stop(venue, OrderType.STOP_LOSS_LIMIT, Side.SELL, 2, 95, price=94, lifetime=TimeInForce.FOK)
    offer(venue, Side.BUY, 1, 94)
    venue.market(SYMBOL).print_trade(D(95), D(1), Side.SELL)
    assert (now(venue, order).status, now(venue, order).filled) == (VenueStatus.EXPIRED, D(0))
    assert venue.balances("anna")["BTC"] == (D(30), D(0))


def test_a_stop_purchase_that_costs_more_than_there_is_expires_whole(venue: Venue) -> None:
    order = stop(venue, OrderType.STOP_LOSS, Side.BUY, 90, 105)
    offer(venue, Side.SELL, 90, 200)
    venue.market(SYMBOL).print_trade(D(105), D(1), Side.BUY)
    assert (now(venue, order).status, now(venue, order).filled) == (VenueStatus.EXPIRED, D(0))
    assert venue.balances("anna")["USDT"] == (D(10_000), D(0))


def test_a_stop_purchase_is_paid_from_what_was_locked_for_it() -> None:
    venue = small_venue(fee="0")
    venue.open_account("anna", {"USDT": D(105)})
    order = stop(venue, OrderType.STOP_LOSS, Side.BUY, 1, 105)
    assert venue.balances("anna")["USDT"] == (D(0), D(105))
    offer(venue, Side.SELL, 1, 104)
    venue.market(SYMBOL).print_trade(D(105), D(1), Side.SELL)
    assert now(venue, order).status is VenueStatus.FILLED
    assert venue.balances("anna") == {"USDT": (D(1), D(0)), "BTC": (D(1), D(0))}


def test_a_canceled_stop_never_runs_and_its_money_is_free(venue: Venue) -> None:
    order = stop(venue, OrderType.STOP_LOSS, Side.SELL, 2, 95)
    assert venue.balances("anna")["BTC"] == (D(28), D(2))
    venue.cancel("anna", SYMBOL, order_id=order.order_id)
    offer(venue, Side.BUY, 9, 90)
    venue.market(SYMBOL).print_trade(D(90), D(1), Side.SELL)
    assert (now(venue, order).status, now(venue, order).triggered) == (VenueStatus.CANCELED, False)
    assert venue.balances("anna")["BTC"] == (D(30), D(0))
