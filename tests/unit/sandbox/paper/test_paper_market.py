"""What fills a paper order, and what does not: trade by trade, without a venue's protocol."""

from __future__ import annotations

import itertools
from decimal import Decimal as D
from typing import Any

import pytest

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.paper.market import PaperMarket
from foxtrot.sandbox.types import BookChange, NewOrder, Reason, Refused, VenueEvent, VenueOrder, VenueStatus
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import START_NS, plain_contract

SYMBOL = "BTC/USDT"
MS = 1_000_000


class Paper:
    """A paper market with the book 99 x 5, 98 x 5 / 101 x 5, 102 x 5."""

    def __init__(self) -> None:
        ticks = itertools.count(START_NS, MS)
        self.venue = Venue(
            [plain_contract()],
            lambda: next(ticks),
            maker_fee=D(0),
            taker_fee=D(0),
            prices={SYMBOL: D(100)},
            market=lambda contract, price, venue: PaperMarket(contract, price, venue, 7_000),
        )
        self.venue.open_account("client", {"USDT": D(10_000), "BTC": D(100)})
        market = self.venue.market(SYMBOL)
        assert isinstance(market, PaperMarket)
        self.market = market
        self.heard: list[VenueEvent] = []
        self.venue.listeners.append(self.heard.append)
        self.market.replace_book(
            {Side.BUY: {D(99): D(5), D(98): D(5)}, Side.SELL: {D(101): D(5), D(102): D(5)}},
        )
        self.market.is_fit()

    def place(self, side: Side, price: str | None, quantity: str, **more: Any) -> VenueOrder:
        kind = more.pop("type", OrderType.LIMIT if price else OrderType.MARKET)
        new = NewOrder(
            account="client",
            symbol=SYMBOL,
            side=side,
            type=kind,
            quantity=D(quantity),
            price=None if price is None else D(price),
            **more,
        )
        return self.venue.place(new)

    def trade(self, price: str, quantity: str, taker: Side, time_ns: int | None = None) -> None:
        self.market.print_trade(D(price), D(quantity), taker, time_ns)

    def filled(self, order: VenueOrder) -> D:
        return self.now(order).filled

    def now(self, order: VenueOrder) -> VenueOrder:
        return self.venue.order("client", SYMBOL, order_id=order.order_id)

    def book(self) -> tuple[list[tuple[D, D]], list[tuple[D, D]]]:
        return self.venue.depth(SYMBOL, 10)[1:]


@pytest.fixture
def paper() -> Paper:
    return Paper()


def test_the_queue_before_an_order_is_traded_first(paper: Paper) -> None:
    order = paper.place(Side.BUY, "99", "2")
    paper.trade("99", "4.5", Side.SELL)
    assert paper.filled(order) == 0
    paper.trade("99", "1", Side.SELL)
    assert paper.filled(order) == D("0.5")
    paper.trade("99", "10", Side.SELL)
    assert paper.now(order).status is VenueStatus.FILLED


def test_two_orders_at_one_price_share_what_is_traded(paper: Paper) -> None:
    first = paper.place(Side.BUY, "99", "2")
    paper.market.set_level(Side.BUY, D(99), D(7))
    second = paper.place(Side.BUY, "99", "2")
    paper.trade("99", "8", Side.SELL)  # 5, then 2 of the first, then 1 of the 2 between them
    assert (paper.filled(first), paper.filled(second)) == (2, 0)
    paper.trade("99", "2", Side.SELL)
    assert paper.filled(second) == 1


@pytest.mark.parametrize("taker", list(Side))
@pytest.mark.parametrize(("side", "own", "price"), [(Side.BUY, "99", "98.5"), (Side.SELL, "101", "101.5")])
def test_a_trade_at_a_worse_price_goes_through_whoever_took(
    paper: Paper, taker: Side, side: Side, own: str, price: str
) -> None:
    order = paper.place(side, own, "2")
    paper.trade(price, "0.5", taker)
    assert paper.filled(order) == D("0.5")
    assert paper.now(order).executions[0].price == D(own)


@pytest.mark.parametrize(("side", "own"), [(Side.BUY, "100"), (Side.SELL, "100")])
def test_a_trade_at_its_price_by_a_taker_of_its_own_side_does_not_fill_it(paper: Paper, side: Side, own: str) -> None:
    order = paper.place(side, own, "2")
    paper.trade(own, "50", side)
    assert paper.filled(order) == 0
    paper.trade(own, "50", side.opposite)
    assert paper.filled(order) == 2


def test_a_trade_that_goes_through_one_order_leaves_another_at_its_very_price(paper: Paper) -> None:
    through, at_price = paper.place(Side.BUY, "99.5", "1"), paper.place(Side.BUY, "99.2", "1")
    paper.trade("99.2", "5", Side.BUY)
    assert (paper.filled(through), paper.filled(at_price)) == (1, 0)


def test_all_of_a_real_trade_is_published_once(paper: Paper) -> None:
    paper.place(Side.BUY, "99", "2")
    paper.trade("98", "6", Side.SELL)
    trades = [(t.price, t.quantity) for t in paper.venue.trades(SYMBOL)]
    assert trades == [(D(99), D(2)), (D(98), D(4))]
    assert [t.trade_id for t in paper.venue.trades(SYMBOL)] == [7_000, 7_001]


def test_a_slice_of_an_iceberg_goes_to_the_end_of_the_queue(paper: Paper) -> None:
    order = paper.place(Side.BUY, "100", "3", iceberg_quantity=D(1))
    paper.market.set_level(Side.BUY, D(100), D(4))
    paper.trade("100", "1", Side.SELL)
    assert paper.filled(order) == 1
    paper.trade("100", "4", Side.SELL)
    assert paper.filled(order) == 1
    paper.trade("100", "1", Side.SELL)
    assert paper.filled(order) == 2


def test_the_real_book_shows_no_own_order_and_keeps_what_was_taken(paper: Paper) -> None:
    before = paper.book()
    paper.place(Side.BUY, "100", "2")
    paper.place(Side.BUY, "102", "7")
    paper.place(Side.SELL, None, "6")
    assert paper.book() == before
    levels = [e for e in paper.heard if isinstance(e, BookChange) and e.price == D(101)]
    assert levels[-1].quantity == 5


def test_an_order_that_is_left_over_rests_without_crossing_the_book(paper: Paper) -> None:
    order = paper.place(Side.BUY, "101", "8")
    assert paper.filled(order) == 5
    paper.trade("101", "1", Side.BUY)
    assert paper.filled(order) == 5
    paper.trade("101", "1", Side.SELL)
    assert paper.filled(order) == 6


def test_own_orders_do_not_trade_with_each_other(paper: Paper) -> None:
    resting = paper.place(Side.BUY, "100", "2")
    paper.place(Side.SELL, "100", "2")
    assert paper.now(resting).status is VenueStatus.EXPIRED_IN_MATCH
    assert paper.venue.executions("client", SYMBOL) == []


def test_an_order_meets_the_better_of_an_own_and_a_real_one_first(paper: Paper) -> None:
    better = paper.place(Side.BUY, "100", "2")
    worse = paper.place(Side.BUY, "98.5", "2")
    sold = paper.place(Side.SELL, "98.5", "5")
    assert paper.now(better).status is VenueStatus.EXPIRED_IN_MATCH
    assert paper.now(worse).status is VenueStatus.NEW
    assert [e.price for e in sold.executions] == [D(99)]


def test_a_post_only_order_is_refused_by_own_and_by_real_orders(paper: Paper) -> None:
    for price in ("101", "103"):
        with pytest.raises(Refused, match=Reason.WOULD_TAKE.value):
            paper.place(Side.BUY, price, "1", type=OrderType.LIMIT_MAKER)
    paper.place(Side.BUY, "100", "1")
    with pytest.raises(Refused, match=Reason.WOULD_TAKE.value):
        paper.place(Side.SELL, "100", "1", type=OrderType.LIMIT_MAKER)


def test_a_trade_of_long_before_does_not_fill(paper: Paper) -> None:
    order = paper.place(Side.BUY, "99", "2")
    paper.trade("98", "1", Side.SELL, START_NS - 5_000 * MS)
    assert paper.filled(order) == 0
    paper.trade("98", "1", Side.SELL, START_NS + 5_000 * MS)
    assert paper.filled(order) == 1


def test_while_there_is_trouble_no_order_is_taken_and_stops_wait(paper: Paper) -> None:
    stop = paper.place(Side.SELL, None, "1", type=OrderType.STOP_LOSS, stop_price=D(95))
    gone = paper.place(Side.SELL, None, "1", type=OrderType.STOP_LOSS, stop_price=D(95))
    paper.market.trouble = "the test"
    paper.market.replace_book({side: {} for side in Side})
    with pytest.raises(Refused, match=Reason.MARKET_CLOSED.value):
        paper.place(Side.BUY, "90", "1")
    paper.trade("94", "1", Side.SELL)
    assert paper.now(stop).status is VenueStatus.NEW
    paper.venue.cancel("client", SYMBOL, order_id=gone.order_id)
    paper.market.replace_book({Side.BUY: {D(93): D(5)}, Side.SELL: {D(96): D(5)}})
    paper.market.is_fit()
    assert paper.now(stop).executions[0].price == D(93)
    assert paper.now(gone).status is VenueStatus.CANCELED


def test_funds_are_conserved_and_nothing_stays_locked(paper: Paper) -> None:
    orders = [paper.place(Side.BUY, "99", "2"), paper.place(Side.SELL, "101", "3"), paper.place(Side.BUY, "102", "4")]
    paper.trade("98", "1", Side.SELL)
    paper.trade("103", "1", Side.BUY)
    for order in orders:
        if paper.now(order).status.open:
            paper.venue.cancel("client", SYMBOL, order_id=order.order_id)
    balances = paper.venue.balances("client")
    assert {asset: locked for asset, (_, locked) in balances.items()} == {"USDT": 0, "BTC": 0}
    assert balances["BTC"][0] == 100 + 1 - 1 + 4
    assert balances["USDT"][0] == 10_000 - 99 + 101 - 4 * 101


def test_restored_orders_lock_their_rest_and_queue_at_the_end(paper: Paper) -> None:
    order = paper.place(Side.BUY, "99", "2")
    paper.trade("99", "6", Side.SELL)
    known = paper.now(order)
    assert known.filled == 1
    again = Paper()
    again.venue.restore([known])
    assert again.venue.balances("client")["USDT"] == (D(10_000 - 99), D(99))
    again.trade("99", "5", Side.SELL)
    assert again.filled(order) == 1
    again.trade("99", "1", Side.SELL)
    assert again.filled(order) == 2
    assert again.venue.balances("client")["USDT"][1] == 0
