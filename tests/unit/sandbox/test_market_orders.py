"""What market orders may cost and when they are done."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest

from foxtrot.model.contract import ContractStatus
from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.types import (
    MARKET_ACCOUNT,
    NewOrder,
    OrderReport,
    Reason,
    Refused,
    ReportKind,
    Stp,
    VenueEvent,
    VenueOrder,
    VenueStatus,
)
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import plain_contract, small_venue

SYMBOL = "BTC/USDT"


@pytest.fixture
def venue() -> Venue:
    return small_venue(fee="0")


def offer(venue: Venue, side: Side, quantity: int, price: int, account: str = MARKET_ACCOUNT) -> VenueOrder:
    kind = OrderType.LIMIT
    return venue.place(
        NewOrder(account=account, symbol=SYMBOL, side=side, type=kind, quantity=D(quantity), price=D(price))
    )


def market(venue: Venue, side: Side, quantity: str = "", spend: str = "", stp: Stp | None = None) -> VenueOrder:
    return venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=side,
            type=OrderType.MARKET,
            quantity=D(quantity) if quantity else None,
            quote_quantity=D(spend) if spend else None,
            stp=stp,
        )
    )


def fill_or_kill(venue: Venue, quantity: int, stp: Stp) -> VenueOrder:
    return venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=D(quantity),
            price=D(100),
            time_in_force=TimeInForce.FOK,
            stp=stp,
        )
    )


def test_selling_for_an_amount_of_quote_needs_the_base_that_it_takes(venue: Venue) -> None:
    venue.open_account("anna", {"BTC": D("0.5")})
    offer(venue, Side.BUY, 5, 100)
    with pytest.raises(Refused) as refused:
        market(venue, Side.SELL, spend="100")
    assert refused.value.reason is Reason.INSUFFICIENT_BALANCE
    assert market(venue, Side.SELL, spend="50").status is VenueStatus.FILLED
    assert venue.balances("anna") == {"BTC": (D(0), D(0)), "USDT": (D(50), D(0))}


def test_own_orders_that_will_expire_do_not_make_a_purchase_look_cheap(venue: Venue) -> None:
    venue.open_account("anna", {"BTC": D(1), "USDT": D(100)})
    offer(venue, Side.SELL, 1, 100, "anna")
    offer(venue, Side.SELL, 1, 1_000)
    with pytest.raises(Refused) as refused:
        market(venue, Side.BUY, "1", stp=Stp.EXPIRE_MAKER)
    assert refused.value.reason is Reason.INSUFFICIENT_BALANCE
    assert market(venue, Side.BUY, "1", stp=Stp.NONE).status is VenueStatus.FILLED


def test_an_amount_of_quote_is_spent_over_levels_and_its_last_fill_says_filled(venue: Venue) -> None:
    venue.open_account("anna", {"USDT": D(1_000)})
    offer(venue, Side.SELL, 1, 100)
    offer(venue, Side.SELL, 9, 300)
    heard: list[VenueEvent] = []
    venue.listeners.append(heard.append)
    bought = market(venue, Side.BUY, spend="200")
    assert (bought.filled, bought.quantity, bought.filled_quote) == (D("1.33333"), D("1.33333"), D("199.999"))
    reports = [(e.kind, e.order.status) for e in heard if isinstance(e, OrderReport)]
    assert reports == [
        (ReportKind.NEW, VenueStatus.NEW),
        (ReportKind.TRADE, VenueStatus.PARTIALLY_FILLED),
        (ReportKind.TRADE, VenueStatus.FILLED),
    ]


def test_an_amount_of_quote_beyond_the_book_expires_with_what_it_got(venue: Venue) -> None:
    venue.open_account("anna", {"USDT": D(1_000)})
    offer(venue, Side.SELL, 1, 100)
    bought = market(venue, Side.BUY, spend="300")
    assert (bought.status, bought.filled, bought.quantity) == (VenueStatus.EXPIRED, D(1), D(3))


def test_an_amount_of_quote_that_buys_less_than_the_smallest_lot_is_refused(venue: Venue) -> None:
    venue.open_account("anna", {"USDT": D(1_000)})
    with pytest.raises(Refused) as refused:
        market(venue, Side.BUY, spend="300")
    assert refused.value.reason is Reason.THIN_BOOK
    offer(venue, Side.SELL, 1, 10_000_000)
    with pytest.raises(Refused):
        market(venue, Side.BUY, spend="99")
    assert market(venue, Side.BUY, spend="100").filled == D("0.00001")


def test_on_a_halted_symbol_not_even_the_market_makers_trade(venue: Venue) -> None:
    venue.set_status(SYMBOL, trading=False)
    with pytest.raises(Refused) as refused:
        offer(venue, Side.SELL, 1, 100)
    assert refused.value.reason is Reason.MARKET_CLOSED


def test_a_symbol_that_is_listed_as_halted_takes_no_orders_from_the_start() -> None:
    halted = small_venue(msgspec.structs.replace(plain_contract(), status=ContractStatus.HALTED))
    assert not halted.trading(SYMBOL)
    with pytest.raises(Refused) as refused:
        offer(halted, Side.SELL, 1, 100)
    assert refused.value.reason is Reason.MARKET_CLOSED


@pytest.mark.parametrize("mode", [Stp.EXPIRE_TAKER, Stp.EXPIRE_BOTH, Stp.DECREMENT, Stp.TRANSFER])
def test_fill_or_kill_is_killed_where_an_own_order_would_cut_it_short(venue: Venue, mode: Stp) -> None:
    venue.open_account("anna", {"BTC": D(1), "USDT": D(1_000)})
    offer(venue, Side.SELL, 1, 98)
    own = offer(venue, Side.SELL, 1, 99, "anna")
    offer(venue, Side.SELL, 5, 100)

    killed = fill_or_kill(venue, 2, mode)
    assert (killed.status, killed.filled) == (VenueStatus.EXPIRED, D(0))
    assert venue.order("anna", SYMBOL, order_id=own.order_id).status is VenueStatus.NEW
    assert fill_or_kill(venue, 1, mode).status is VenueStatus.FILLED


def test_fill_or_kill_does_not_count_what_queues_behind_an_own_order(venue: Venue) -> None:
    venue.open_account("anna", {"BTC": D(1), "USDT": D(1_000)})
    for account in (MARKET_ACCOUNT, "anna", MARKET_ACCOUNT):
        offer(venue, Side.SELL, 1, 100, account)
    killed = fill_or_kill(venue, 2, Stp.EXPIRE_TAKER)
    assert (killed.status, killed.filled) == (VenueStatus.EXPIRED, D(0))


def test_fill_or_kill_does_not_count_slices_that_queue_behind_an_own_order(venue: Venue) -> None:
    venue.open_account("anna", {"BTC": D(1), "USDT": D(1_000)})
    venue.open_account("ben", {"BTC": D(5)})
    venue.place(
        NewOrder(
            account="ben",
            symbol=SYMBOL,
            side=Side.SELL,
            type=OrderType.LIMIT,
            quantity=D(5),
            price=D(100),
            iceberg_quantity=D(1),
        )
    )
    offer(venue, Side.SELL, 1, 100, "anna")
    killed = fill_or_kill(venue, 2, Stp.EXPIRE_TAKER)
    assert (killed.status, killed.filled) == (VenueStatus.EXPIRED, D(0))
