"""Orders that change in place: what keeps its place in the queue, what it costs, and what is refused."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.types import (
    MARKET_ACCOUNT,
    Amendment,
    FeeIn,
    NewOrder,
    OrderReport,
    Reason,
    Refused,
    ReportKind,
    VenueOrder,
    VenueStatus,
)
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"


@pytest.fixture
def venue() -> Venue:
    made = small_venue(fee="0")
    made.open_account("anna", {"BTC": D(10), "USDT": D(1_000)})
    return made


def place(venue: Venue, account: str = "anna", **change: Any) -> VenueOrder:
    order = {"side": Side.BUY, "type": OrderType.LIMIT, "quantity": D(5), "price": D(100)} | change
    return venue.place(NewOrder(account=account, symbol=SYMBOL, **order))


def offer(venue: Venue, side: Side, quantity: int, price: int) -> None:
    place(venue, MARKET_ACCOUNT, side=side, quantity=D(quantity), price=D(price))


def amend(venue: Venue, order: VenueOrder, **change: Any) -> VenueOrder:
    return venue.amend("anna", SYMBOL, Amendment(**change), order_id=order.order_id)


def now(venue: Venue, order: VenueOrder) -> VenueOrder:
    return venue.order("anna", SYMBOL, order_id=order.order_id)


def test_less_at_the_same_price_keeps_its_place(venue: Venue) -> None:
    mine = place(venue)
    offer(venue, Side.BUY, 5, 100)
    amended = amend(venue, mine, quantity=D(3))
    assert amended.updated_ns > mine.updated_ns
    assert (amended.order_id, amended.quantity, amended.status) == (mine.order_id, D(3), VenueStatus.NEW)
    assert venue.best(SYMBOL, Side.BUY) == (D(100), D(8))
    offer(venue, Side.SELL, 2, 100)
    assert now(venue, mine).filled == 2


@pytest.mark.parametrize("change", [{"quantity": D(6)}, {"price": D(101)}, {"price": D(99)}])
def test_more_or_another_price_queues_anew(venue: Venue, change: dict[str, D]) -> None:
    mine = place(venue)
    price = change.get("price", D(100))
    offer(venue, Side.BUY, 5, int(price))
    amend(venue, mine, **change)
    offer(venue, Side.SELL, 2, int(price))
    assert now(venue, mine).filled == 0


def test_the_lock_is_always_that_of_the_new_numbers(venue: Venue) -> None:
    mine = place(venue)
    for change, locked in [
        ({"quantity": D(3)}, 300),
        ({"quantity": D(8)}, 800),
        ({"price": D(120)}, 960),
        ({"price": D(50), "quantity": D(2)}, 100),
    ]:
        amend(venue, mine, **change)
        assert venue.balances("anna")["USDT"] == (D(1_000 - locked), D(locked))


def test_a_refused_amend_changes_nothing(venue: Venue) -> None:
    offer(venue, Side.SELL, 1, 110)
    mine = place(venue)
    for change, reason in [
        ({"quantity": D(11)}, Reason.INSUFFICIENT_BALANCE),
        ({"price": D("100.001")}, Reason.RULE),
        ({"quantity": D("5.0000000001")}, Reason.PRECISION),
        ({"price": D(110), "post_only": True}, Reason.WOULD_TAKE),
        ({"iceberg_quantity": D(6)}, Reason.ICEBERG_TOO_LARGE),
    ]:
        with pytest.raises(Refused) as refused:
            amend(venue, mine, **change)
        assert refused.value.reason is reason
    assert now(venue, mine) == mine
    assert venue.balances("anna")["USDT"][1] == 500


def test_what_is_gone_cannot_be_amended(venue: Venue) -> None:
    mine = place(venue)
    venue.cancel("anna", SYMBOL, order_id=mine.order_id)
    for number in (mine.order_id, 999):
        with pytest.raises(Refused) as refused:
            venue.amend("anna", SYMBOL, Amendment(quantity=D(1)), order_id=number)
        assert refused.value.reason is Reason.CANCEL_UNKNOWN


def test_a_halted_symbol_takes_no_amends(venue: Venue) -> None:
    mine = place(venue)
    venue.set_status(SYMBOL, trading=False)
    with pytest.raises(Refused) as refused:
        amend(venue, mine, quantity=D(1))
    assert refused.value.reason is Reason.MARKET_CLOSED


def test_an_amended_price_takes_what_it_meets(venue: Venue) -> None:
    offer(venue, Side.SELL, 2, 110)
    mine = place(venue)
    amended = amend(venue, mine, price=D(110))
    assert (amended.filled, amended.filled_quote, amended.status) == (D(2), D(220), VenueStatus.PARTIALLY_FILLED)
    assert venue.best(SYMBOL, Side.BUY) == (D(110), D(3))


def test_a_quantity_that_is_filled_already_ends_the_order(venue: Venue) -> None:
    mine = place(venue)
    offer(venue, Side.SELL, 2, 100)
    assert amend(venue, mine, quantity=D(4)).remaining == 2
    assert amend(venue, mine, quantity=D(2)).status is VenueStatus.CANCELED
    assert venue.balances("anna")["USDT"] == (D(800), D(0))


def test_a_smaller_iceberg_never_shows_more_than_remains(venue: Venue) -> None:
    mine = place(venue, iceberg_quantity=D(2))
    assert venue.best(SYMBOL, Side.BUY) == (D(100), D(2))
    amend(venue, mine, quantity=D(3))
    assert venue.best(SYMBOL, Side.BUY) == (D(100), D(2))
    amend(venue, mine, quantity=D(1), iceberg_quantity=D(1))
    assert venue.best(SYMBOL, Side.BUY) == (D(100), D(1))


def test_a_waiting_stop_waits_for_its_new_price(venue: Venue) -> None:
    stop = place(venue, side=Side.SELL, type=OrderType.STOP_LOSS, price=None, stop_price=D(90))
    amend(venue, stop, stop_price=D(80))
    offer(venue, Side.BUY, 10, 70)
    venue.market(SYMBOL).print_trade(D(85), D(1), Side.SELL)
    assert not now(venue, stop).triggered
    venue.market(SYMBOL).print_trade(D(80), D(1), Side.SELL)
    assert now(venue, stop).status is VenueStatus.FILLED


def test_a_stop_that_has_triggered_is_amended_as_what_it_became(venue: Venue) -> None:
    stop = place(venue, type=OrderType.STOP_LOSS_LIMIT, stop_price=D(105), price=D(104))
    venue.market(SYMBOL).print_trade(D(106), D(1), Side.BUY)
    assert amend(venue, stop, price=D(103)).triggered
    assert venue.best(SYMBOL, Side.BUY) == (D(103), D(5))


def test_everybody_who_listens_is_told_of_the_new_numbers(venue: Venue) -> None:
    mine = place(venue)
    heard: list[OrderReport] = []
    venue.listeners.append(lambda event: heard.append(event) if isinstance(event, OrderReport) else None)
    amend(venue, mine, quantity=D(3), price=D(90))
    (report,) = heard
    assert (report.kind, report.order.quantity, report.order.price) == (ReportKind.AMENDED, D(3), D(90))


def test_an_order_ends_at_its_time_and_not_before(venue: Venue) -> None:
    start = venue.clock()
    soon = place(venue, quantity=D(1), expire_ns=start + 10**9)
    later = place(venue, quantity=D(1), expire_ns=start + 3 * 10**9)
    gone = place(venue, quantity=D(1), expire_ns=start + 10**9)
    venue.cancel("anna", SYMBOL, order_id=gone.order_id)
    venue.expire_due()
    assert now(venue, soon).status is VenueStatus.NEW
    venue.clock = lambda: start + 10**9
    venue.expire_due()
    states = [now(venue, order).status for order in (soon, later, gone)]
    assert states == [VenueStatus.EXPIRED, VenueStatus.NEW, VenueStatus.CANCELED]
    assert venue.balances("anna")["USDT"][1] == 100


def test_a_maker_only_order_that_would_take_is_refused_or_taken_and_ended(venue: Venue) -> None:
    offer(venue, Side.SELL, 1, 100)
    with pytest.raises(Refused):
        place(venue, type=OrderType.LIMIT_MAKER)
    ended = place(venue, type=OrderType.LIMIT_MAKER, accept_taking=True)
    assert (ended.status, ended.filled) == (VenueStatus.EXPIRED, 0)
    assert venue.balances("anna")["USDT"][1] == 0


@pytest.mark.parametrize(
    ("side", "fee_in", "asset", "fee", "locked"),
    [
        (Side.BUY, FeeIn.RECEIVED, "BTC", "0.005", "500"),
        (Side.BUY, FeeIn.QUOTE, "USDT", "0.5", "500.5"),
        (Side.SELL, FeeIn.RECEIVED, "USDT", "0.5", "5"),
        (Side.SELL, FeeIn.BASE, "BTC", "0.005", "5.005"),
    ],
)
def test_a_fee_that_is_not_taken_out_of_what_comes_is_locked_on_top(
    side: Side, fee_in: FeeIn, asset: str, fee: str, locked: str
) -> None:
    venue = small_venue(fee="0.001")
    venue.open_account("anna", {"BTC": D(10), "USDT": D(1_000)})
    order = place(venue, side=side, fee_in=fee_in)
    spent = "USDT" if side is Side.BUY else "BTC"
    assert venue.balances("anna")[spent][1] == D(locked)
    offer(venue, side.opposite, 5, 100)
    (fill,) = now(venue, order).executions
    assert (fill.fee_asset, fill.fee) == (asset, D(fee))
    assert all(locked == 0 for _, locked in venue.balances("anna").values())


def test_a_venue_may_take_its_fees_in_one_asset_unless_told_otherwise() -> None:
    venue = small_venue(fee="0.001")
    venue.default_fee_in = FeeIn.QUOTE
    venue.open_account("anna", {"BTC": D(10), "USDT": D(1_000)})
    offer(venue, Side.SELL, 10, 100)
    taken = [place(venue, quantity=D(1), fee_in=fee_in) for fee_in in (None, FeeIn.BASE)]
    assert [order.executions[0].fee_asset for order in taken] == ["USDT", "BTC"]
    with pytest.raises(Refused):
        place(venue, quantity=D("8.999"))  # the fee on top is not there


def test_the_whole_of_an_account_may_be_spent_only_with_the_fee(venue: Venue) -> None:
    dear = small_venue(fee="0.001")
    dear.open_account("anna", {"USDT": D(1_000)})
    with pytest.raises(Refused) as refused:
        place(dear, quantity=D(10), fee_in=FeeIn.QUOTE)
    assert refused.value.reason is Reason.INSUFFICIENT_BALANCE
    offer(dear, Side.SELL, 10, 100)
    with pytest.raises(Refused):
        place(dear, type=OrderType.MARKET, price=None, quantity=D(10), fee_in=FeeIn.QUOTE)
    with pytest.raises(Refused):
        place(dear, type=OrderType.MARKET, price=None, quantity=None, quote_quantity=D(1_000), fee_in=FeeIn.QUOTE)
    place(dear, type=OrderType.MARKET, price=None, quantity=D("9.99"), fee_in=FeeIn.QUOTE)
    assert dear.balances("anna")["USDT"] == (D("0.001"), D(0))
