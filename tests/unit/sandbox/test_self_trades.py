"""Self-trade prevention: what each mode takes off which order, and what is told about it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import NewOrder, OrderReport, ReportKind, Stp, VenueEvent, VenueOrder, VenueStatus
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"


@pytest.fixture
def venue() -> Venue:
    made = small_venue(fee="0")
    for account in ("anna", "ben"):
        made.open_account(account, {"BTC": D(10), "USDT": D(10_000)})
    return made


def limit(venue: Venue, side: Side, quantity: str, price: str, stp: Stp, account: str = "anna") -> VenueOrder:
    return venue.place(
        NewOrder(
            account=account,
            symbol=SYMBOL,
            side=side,
            type=OrderType.LIMIT,
            quantity=D(quantity),
            price=D(price),
            stp=stp,
        )
    )


def now(venue: Venue, order: VenueOrder) -> VenueOrder:
    return venue.order(order.account, SYMBOL, order_id=order.order_id)


def test_expire_maker_ends_each_own_order_met_with_its_whole_remainder_and_the_taker_rests(venue: Venue) -> None:
    heard: list[VenueEvent] = []
    venue.listeners.append(heard.append)
    makers = [limit(venue, Side.BUY, q, p, Stp.NONE) for q, p in (("1.2", "2.2"), ("1.3", "2.1"), ("8.1", "2"))]
    taker = limit(venue, Side.SELL, "3", "2", Stp.EXPIRE_MAKER)
    ended = [now(venue, maker) for maker in makers]
    assert [o.status for o in ended] == [VenueStatus.EXPIRED_IN_MATCH] * 3
    assert [o.prevented_quantity for o in ended] == [D("1.2"), D("1.3"), D("8.1")]
    assert len({o.prevented_match_id for o in ended}) == 3
    told = [e for e in heard if isinstance(e, OrderReport) and e.kind is ReportKind.TRADE_PREVENTION]
    assert [e.last_prevented for e in told] == [D("1.2"), D("1.3"), D("8.1")]
    assert (taker.status, taker.prevented_quantity, taker.remaining) == (VenueStatus.NEW, D(0), D(3))
    assert venue.balances("anna")["USDT"] == (D(10_000), D(0))


def test_expire_taker_ends_the_taker_with_its_whole_remainder_after_the_fills_before(venue: Venue) -> None:
    limit(venue, Side.BUY, "1", "101", Stp.NONE, account="ben")
    maker = limit(venue, Side.BUY, "1", "100", Stp.NONE)
    taker = limit(venue, Side.SELL, "3", "100", Stp.EXPIRE_TAKER)
    assert (taker.status, taker.filled, taker.prevented_quantity) == (VenueStatus.EXPIRED_IN_MATCH, D(1), D(2))
    assert now(venue, maker).status is VenueStatus.NEW
    assert venue.balances("anna")["BTC"] == (D(9), D(0))


def test_decrement_takes_the_same_off_both_and_ends_the_smaller(venue: Venue) -> None:
    maker = limit(venue, Side.BUY, "5", "100", Stp.NONE)
    taker = limit(venue, Side.SELL, "2", "100", Stp.DECREMENT)
    kept = now(venue, maker)
    assert (taker.status, taker.prevented_quantity) == (VenueStatus.EXPIRED_IN_MATCH, D(2))
    assert (kept.status, kept.prevented_quantity, kept.remaining) == (VenueStatus.NEW, D(2), D(3))
    assert venue.depth(SYMBOL, 5)[1] == [(D(100), D(3))]
    assert venue.balances("anna") == {"BTC": (D(10), D(0)), "USDT": (D(9_700), D(300))}


def test_each_prevention_is_told_with_what_it_took_and_the_sum_so_far(venue: Venue) -> None:
    for price in ("101", "100"):
        limit(venue, Side.BUY, "1", price, Stp.NONE)
    heard: list[VenueEvent] = []
    venue.listeners.append(heard.append)
    limit(venue, Side.SELL, "3", "100", Stp.DECREMENT)
    told = [e for e in heard if isinstance(e, OrderReport) and e.kind is ReportKind.TRADE_PREVENTION]
    assert [(e.order.side, e.order.status, e.last_prevented, e.order.prevented_quantity) for e in told] == [
        (Side.BUY, VenueStatus.EXPIRED_IN_MATCH, D(1), D(1)),
        (Side.SELL, VenueStatus.NEW, D(1), D(1)),
        (Side.BUY, VenueStatus.EXPIRED_IN_MATCH, D(1), D(1)),
        (Side.SELL, VenueStatus.NEW, D(1), D(2)),
    ]


def test_decrement_meets_an_own_iceberg_slice_by_slice_and_not_before_others_in_the_queue(venue: Venue) -> None:
    iceberg = venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=Side.SELL,
            type=OrderType.LIMIT,
            quantity=D(4),
            price=D(100),
            iceberg_quantity=D(1),
            stp=Stp.NONE,
        )
    )
    other = limit(venue, Side.SELL, "1", "100", Stp.NONE, account="ben")
    taker = limit(venue, Side.BUY, "2", "100", Stp.DECREMENT)
    assert (taker.filled, taker.prevented_quantity) == (D(1), D(1))
    assert now(venue, other).status is VenueStatus.FILLED
    assert now(venue, iceberg).remaining == 3


def test_a_market_order_by_quote_never_counts_a_negative_prevention(venue: Venue) -> None:
    limit(venue, Side.SELL, "1", "98", Stp.NONE, account="ben")
    own = limit(venue, Side.SELL, "1", "99", Stp.NONE)
    bought = venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=Side.BUY,
            type=OrderType.MARKET,
            quote_quantity=D(150),
            stp=Stp.DECREMENT,
        )
    )
    assert bought.filled == 1
    assert bought.prevented_quantity == now(venue, own).prevented_quantity > 0
    assert venue.balances("anna")["BTC"][1] == now(venue, own).remaining


def test_orders_of_different_accounts_are_never_prevented(venue: Venue) -> None:
    limit(venue, Side.BUY, "1", "100", Stp.EXPIRE_BOTH, account="ben")
    assert limit(venue, Side.SELL, "1", "100", Stp.EXPIRE_BOTH).status is VenueStatus.FILLED
