"""Matching against a naive model: a plain list that is scanned for the best order every time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.order import OrderType, Side, TimeInForce
from foxtrot.sandbox.matching import BookSide
from foxtrot.sandbox.types import NewOrder, Stp, VenueOrder
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"
RICH = {"BTC": D(10_000), "USDT": D(10_000_000)}
orders = st.tuples(
    st.sampled_from(["anna", "ben"]),
    st.sampled_from(Side),
    st.integers(95, 105).map(D),
    st.integers(1, 30).map(lambda tenths: D(tenths) / 10),
    st.sampled_from([*TimeInForce, None]),  # None: a market order
    st.booleans(),
)
Order = tuple[str, Side, D, D, TimeInForce | None, bool]


@dataclass
class Entry:
    number: int
    account: str
    side: Side
    price: D
    left: D


class Naive:
    """Match without any structure; `prevents` is EXPIRE_MAKER, otherwise NONE."""

    def __init__(self) -> None:
        self.book: list[Entry] = []
        self.trades: list[tuple[int, int, D, D]] = []

    def place(self, number: int, order: Order) -> None:
        account, side, price, quantity, lifetime, prevents = order
        taker = Entry(number, account, side, price, quantity)
        met = [e for e in self.book if self.reaches(e, taker, lifetime)]
        if lifetime is TimeInForce.FOK and sum(e.left for e in met if e.account != account) < quantity:
            return
        for maker in sorted(met, key=lambda e: (e.price if side is Side.BUY else -e.price, e.number)):
            if not taker.left:
                break
            if prevents and maker.account == account:
                self.book.remove(maker)
                continue
            taken = min(taker.left, maker.left)
            self.trades.append((number, maker.number, maker.price, taken))
            taker.left -= taken
            maker.left -= taken
            if not maker.left:
                self.book.remove(maker)
        if taker.left and lifetime is TimeInForce.GTC:
            self.book.append(taker)

    def reaches(self, maker: Entry, taker: Entry, lifetime: TimeInForce | None) -> bool:
        if maker.side is taker.side:
            return False
        if lifetime is None:
            return True
        return maker.price <= taker.price if taker.side is Side.BUY else maker.price >= taker.price


@given(st.lists(st.one_of(orders, orders, orders, st.integers(1, 40)), min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_matching_does_what_a_naive_list_does(sequence: list[Order | int]) -> None:
    venue, naive, number = small_venue(fee="0"), Naive(), 0
    for account in ("anna", "ben"):
        venue.open_account(account, RICH)
    for action in sequence:
        if isinstance(action, int):
            found = [e for e in naive.book if e.number == action]
            for entry in found:
                naive.book.remove(entry)
                venue.cancel(entry.account, SYMBOL, order_id=action)
            continue
        account, side, price, quantity, lifetime, prevents = action
        number += 1
        naive.place(number, action)
        venue.place(
            NewOrder(
                account=account,
                symbol=SYMBOL,
                side=side,
                type=OrderType.MARKET if lifetime is None else OrderType.LIMIT,
                quantity=quantity,
                price=None if lifetime is None else price,
                time_in_force=lifetime or TimeInForce.GTC,
                stp=Stp.EXPIRE_MAKER if prevents else Stp.NONE,
            )
        )
    seen = [
        (max(t.buyer_order_id, t.seller_order_id), min(t.buyer_order_id, t.seller_order_id), t.price, t.quantity)
        for t in venue.trades(SYMBOL)
    ]
    assert seen == naive.trades
    mine = [o for account in ("anna", "ben") for o in venue.open_orders(account)]
    assert {(o.order_id, o.remaining) for o in mine} == {(e.number, e.left) for e in naive.book}


def resting(number: int, price: int, quantity: int, iceberg: int = 0) -> VenueOrder:
    return VenueOrder(
        order_id=number,
        account="anna",
        client_order_id=str(number),
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D(quantity),
        price=D(price),
        iceberg_quantity=D(iceberg),
    )


def test_a_side_shows_the_best_levels_first_and_no_more_than_asked_for() -> None:
    bids = BookSide(Side.BUY)
    for number, price in enumerate((99, 101, 100, 101), 1):
        bids.add(resting(number, price, number))
    assert bids.levels(2) == [(D(101), D(6)), (D(100), D(3))]
    assert bids.levels(0) == []
    assert bids.levels(9)[-1] == (D(99), D(1))


def test_a_level_counts_the_shown_slices_only_and_forgets_what_leaves() -> None:
    bids = BookSide(Side.BUY)
    iceberg, plain = resting(1, 100, 5, iceberg=2), resting(2, 100, 1)
    bids.add(iceberg)
    bids.add(plain)
    assert bids.quantity_at(D(100)) == 3
    bids.remove(iceberg)
    assert bids.quantity_at(D(100)) == 1
    bids.remove(plain)
    assert bids.quantity_at(D(100)) == 0
    assert bids.first_within(None) is None
