"""Stops that follow the best price since they were taken."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import MARKET_ACCOUNT, NewOrder, OrderReport, Refused, ReportKind, VenueOrder, VenueStatus
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"


@pytest.fixture
def venue() -> Venue:
    """A market whose last price is 100."""
    made = small_venue(fee="0")
    made.open_account("anna", {"BTC": D(30), "USDT": D(10_000)})
    return made


def trail(venue: Venue, side: Side, **distance: D) -> VenueOrder:
    order: dict[str, Any] = {"account": "anna", "symbol": SYMBOL, "type": OrderType.TRAILING_STOP, **distance}
    return venue.place(NewOrder(side=side, quantity=D(5), **order))


def offer(venue: Venue, side: Side, quantity: int, price: int) -> None:
    kind = OrderType.LIMIT
    venue.place(
        NewOrder(account=MARKET_ACCOUNT, symbol=SYMBOL, side=side, type=kind, quantity=D(quantity), price=D(price))
    )


def prints(venue: Venue, *prices: int) -> None:
    for price in prices:
        venue.market(SYMBOL).print_trade(D(price), D(1), Side.BUY)


def now(venue: Venue, order: VenueOrder) -> VenueOrder:
    return venue.order("anna", SYMBOL, order_id=order.order_id)


@pytest.mark.parametrize(
    ("side", "better", "worse", "stops"),
    [(Side.SELL, 120, 111, ("90", "110", "110")), (Side.BUY, 80, 89, ("110", "90", "90"))],
)
def test_it_follows_better_prices_and_no_worse_ones(
    venue: Venue, side: Side, better: int, worse: int, stops: tuple[str, str, str]
) -> None:
    order = trail(venue, side, trailing_offset=D(10))
    seen = [order.stop_price]
    for price in (better, worse):
        prints(venue, price)
        seen.append(now(venue, order).stop_price)
    assert seen == [D(stop) for stop in stops]
    assert not now(venue, order).triggered


def test_it_trades_at_market_when_the_price_comes_back_to_it(venue: Venue) -> None:
    order = trail(venue, Side.SELL, trailing_offset=D(10))
    offer(venue, Side.BUY, 5, 95)
    prints(venue, 120, 111)
    assert now(venue, order).status is VenueStatus.NEW
    prints(venue, 110)
    assert (now(venue, order).status, now(venue, order).filled_quote) == (VenueStatus.FILLED, D(475))


def test_a_distance_in_percent_grows_with_the_price_on_the_grid(venue: Venue) -> None:
    order = trail(venue, Side.SELL, trailing_percent=D("3.333"))
    assert order.stop_price == D("96.66")
    prints(venue, 200)
    assert now(venue, order).stop_price == D("193.33")


def test_a_distance_beyond_the_price_waits_for_the_least_one(venue: Venue) -> None:
    assert trail(venue, Side.SELL, trailing_offset=D(500)).stop_price == D("0.01")


def test_what_a_buy_locks_follows_its_stop(venue: Venue) -> None:
    trail(venue, Side.BUY, trailing_offset=D(10))
    assert venue.balances("anna")["USDT"][1] == 550
    prints(venue, 80)
    assert venue.balances("anna")["USDT"][1] == 450


def test_one_print_may_move_one_and_trigger_another(venue: Venue) -> None:
    near = trail(venue, Side.SELL, trailing_offset=D(1))
    far = trail(venue, Side.SELL, trailing_offset=D(20))
    buys = trail(venue, Side.BUY, trailing_offset=D(20))
    offer(venue, Side.BUY, 5, 90)
    prints(venue, 99)
    assert now(venue, near).status is VenueStatus.FILLED
    assert (now(venue, far).stop_price, now(venue, buys).stop_price) == (D(80), D(110))  # the fill was at 90


def test_a_move_is_told_as_the_venues_own_doing(venue: Venue) -> None:
    heard: list[OrderReport] = []
    venue.listeners.append(lambda event: heard.append(event) if isinstance(event, OrderReport) else None)
    trail(venue, Side.SELL, trailing_offset=D(10))
    prints(venue, 120, 120, 119)
    assert [(r.kind, r.order.stop_price) for r in heard] == [(ReportKind.NEW, D(90)), (ReportKind.RESTATED, D(110))]


def test_a_canceled_one_follows_nothing(venue: Venue) -> None:
    order = trail(venue, Side.SELL, trailing_offset=D(10))
    venue.cancel("anna", SYMBOL, order_id=order.order_id)
    prints(venue, 120, 100)
    assert (now(venue, order).status, now(venue, order).stop_price) == (VenueStatus.CANCELED, D(90))


@pytest.mark.parametrize("distance", [D(0), D(-5)])
def test_a_distance_that_is_none_is_refused(venue: Venue, distance: D) -> None:
    with pytest.raises(Refused):
        trail(venue, Side.SELL, trailing_offset=distance)


def test_a_trailing_stop_states_one_distance(venue: Venue) -> None:
    for distance in ({}, {"trailing_offset": D(1), "trailing_percent": D(1)}, {"stop_price": D(90)}):
        with pytest.raises(ValueError, match="no order"):
            trail(venue, Side.SELL, **distance)
