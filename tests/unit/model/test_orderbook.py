"""Reading an order book: what an order would find and pay."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import InvalidRequest
from foxtrot.model.order import Side
from foxtrot.model.orderbook import OrderBook

BOOK = OrderBook("alpha", "BTC/USDT", 1, 7, ((99.0, 1.0), (98.0, 2.0)), ((101.0, 1.0), (102.0, 3.0), (103.0, 5.0)))
EMPTY = OrderBook("alpha", "BTC/USDT", 1, 7, (), ())


def test_the_best_prices_their_middle_and_their_distance() -> None:
    assert (BOOK.best_bid, BOOK.best_ask, BOOK.mid, BOOK.spread) == ((99.0, 1.0), (101.0, 1.0), 100.0, 2.0)
    assert (EMPTY.best_bid, EMPTY.best_ask, EMPTY.mid, EMPTY.spread) == (None, None, None, None)


def test_fewer_levels_are_the_best_ones() -> None:
    assert BOOK.levels(1).asks == ((101.0, 1.0),)
    assert BOOK.levels(1).bids == ((99.0, 1.0),)
    assert BOOK.levels(9) == BOOK


@pytest.mark.parametrize(
    ("side", "price", "found"),
    [("buy", 100.0, 0.0), ("buy", 101.0, 1.0), ("buy", 102.5, 4.0), ("sell", 98.0, 3.0), (Side.SELL, 98.5, 1.0)],
)
def test_a_limit_finds_what_stands_up_to_it(side: Side | str, price: float, found: float) -> None:
    assert BOOK.depth_to(side, price) == found


def test_the_average_price_counts_each_level_by_what_it_gives() -> None:
    assert BOOK.vwap("buy", 1.0) == 101.0
    assert BOOK.vwap("buy", 2.0) == (101.0 + 102.0) / 2
    assert BOOK.vwap("sell", 3.0) == (99.0 + 2 * 98.0) / 3


def test_more_than_the_book_holds_has_no_average_price() -> None:
    with pytest.raises(InvalidRequest, match=r"holds 9 against a buy, not 10"):
        BOOK.vwap("buy", 10.0)


@given(st.floats(0.01, 9.0))
def test_the_average_price_lies_between_the_best_and_the_worst(quantity: float) -> None:
    assert 101.0 - 1e-9 <= BOOK.vwap("buy", quantity) <= 103.0 + 1e-9


@given(st.lists(st.decimals("0.001", "2", places=3), min_size=1, max_size=20))
def test_what_the_book_says_it_holds_can_be_bought(quantities: list[Decimal]) -> None:
    asks = tuple((100.0 + place, float(quantity)) for place, quantity in enumerate(quantities))
    book = OrderBook("a", "b", 1, 1, (), asks)
    for held in (book.depth_to("buy", 1e9), sum(quantities)):
        assert 100.0 - 1e-9 <= book.vwap("buy", held) <= 100.0 + len(asks)


def test_amounts_may_be_decimals_and_texts_as_everywhere() -> None:
    assert BOOK.vwap("buy", Decimal(2)) == BOOK.vwap("buy", "2") == BOOK.vwap("buy", 2.0)
    assert BOOK.depth_to("buy", Decimal("102.5")) == BOOK.depth_to("buy", "102.5") == 4.0


def test_imbalance_goes_from_all_asks_to_all_bids() -> None:
    assert BOOK.imbalance() == 0.0
    assert BOOK.imbalance(2) == pytest.approx((3 - 4) / 7)
    assert OrderBook("a", "b", 1, 1, ((1.0, 2.0),), ()).imbalance() == 1.0
    assert EMPTY.imbalance() == 0.0


@pytest.mark.parametrize(
    "read",
    [
        lambda: BOOK.levels(0),
        lambda: BOOK.imbalance(0),
        lambda: BOOK.vwap("buy", float("nan")),
        lambda: BOOK.vwap("buy", 0.0),
        lambda: BOOK.vwap("long", 1.0),
        lambda: BOOK.depth_to("buy", -1.0),
        lambda: BOOK.depth_to("buy", float("inf")),
        lambda: BOOK.depth_to("buy", "much"),
        lambda: BOOK.imbalance(2.5),  # type: ignore[arg-type]  # what a user may do
    ],
)
def test_nonsense_is_refused_with_the_value(read: object) -> None:
    with pytest.raises(InvalidRequest):
        read()  # type: ignore[operator]
