"""A recorded market in the venue: levels become as recorded, clients get what they would have got there."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foxtrot.model.order import OrderType, Side
from foxtrot.sandbox.replay import DepthRecord, Replay, SnapshotRecord, TradeRecord
from foxtrot.sandbox.types import NewOrder, PublicTrade, VenueOrder
from foxtrot.sandbox.venue import Venue
from foxtrot.testkit.venues import small_venue

SYMBOL = "BTC/USDT"
Level = tuple[int, int]


@pytest.fixture
def venue() -> Venue:
    made = small_venue(fee="0")
    made.open_account("anna", {"BTC": D(100), "USDT": D(100_000)})
    return made


def levels(*found: Level) -> list[tuple[D, D]]:
    return [(D(price), D(quantity)) for price, quantity in found]


def snapshot(bids: list[Level], asks: list[Level]) -> SnapshotRecord:
    return SnapshotRecord(SYMBOL, 0, levels(*bids), levels(*asks))


def depth(bids: list[Level], asks: list[Level]) -> DepthRecord:
    return DepthRecord(SYMBOL, 0, levels(*bids), levels(*asks))


def printed(price: int, quantity: int, side: Side) -> TradeRecord:
    return TradeRecord(SYMBOL, 0, D(price), D(quantity), side)


def rest(venue: Venue, side: Side, quantity: int, price: int) -> VenueOrder:
    kind = OrderType.LIMIT
    return venue.place(
        NewOrder(account="anna", symbol=SYMBOL, side=side, type=kind, quantity=D(quantity), price=D(price))
    )


def filled(venue: Venue, order: VenueOrder) -> D:
    return venue.order("anna", SYMBOL, order_id=order.order_id).filled


sides = st.dictionaries(st.integers(80, 99), st.integers(0, 5), max_size=6)


@given(st.lists(st.tuples(sides, sides, st.booleans()), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_the_book_is_the_recorded_one_after_each_record(
    recording: list[tuple[dict[int, int], dict[int, int], bool]],
) -> None:
    venue = small_venue()
    replay = Replay(venue, [])
    book: dict[Side, dict[D, D]] = {Side.BUY: {}, Side.SELL: {}}
    for bids, asks, whole in recording:
        shifted = {price + 20: quantity for price, quantity in asks.items()}
        replay.apply((snapshot if whole else depth)(list(bids.items()), list(shifted.items())))
        for side, changed in ((Side.BUY, bids), (Side.SELL, shifted)):
            kept = {} if whole else book[side]
            book[side] = kept | {D(price): D(quantity) for price, quantity in changed.items()}
            book[side] = {price: quantity for price, quantity in book[side].items() if quantity}
        _, seen_bids, seen_asks = venue.depth(SYMBOL, 100)
        assert dict(seen_bids) == book[Side.BUY]
        assert dict(seen_asks) == book[Side.SELL]


def test_a_print_reaches_a_client_only_after_what_was_queued_before_it(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(100, 5)], [(101, 5)]))
    mine = rest(venue, Side.BUY, 2, 100)
    replay.apply(depth([(100, 9)], []))  # four more queue behind
    replay.apply(printed(100, 4, Side.SELL))
    assert filled(venue, mine) == 0
    replay.apply(printed(100, 2, Side.SELL))
    assert filled(venue, mine) == 1
    replay.apply(printed(100, 9, Side.SELL))
    assert filled(venue, mine) == 2
    assert venue.depth(SYMBOL, 1)[1] == levels((100, 9))


def test_what_leaves_a_level_leaves_from_behind_the_client(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(100, 5)], [(101, 5)]))
    mine = rest(venue, Side.BUY, 2, 100)
    replay.apply(depth([(100, 9)], []))
    replay.apply(depth([(100, 5)], []))
    replay.apply(printed(100, 5, Side.SELL))
    assert filled(venue, mine) == 0
    replay.apply(depth([(100, 1)], []))
    replay.apply(printed(100, 2, Side.SELL))
    assert filled(venue, mine) == 2  # the five before it have traded


def test_a_level_that_shrinks_below_the_queue_lets_the_client_move_up(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(100, 5)], [(101, 5)]))
    mine = rest(venue, Side.BUY, 2, 100)
    replay.apply(depth([(100, 1)], []))
    replay.apply(printed(100, 2, Side.SELL))
    assert filled(venue, mine) == 1


def test_a_print_beyond_a_clients_price_fills_it_whatever_is_queued_before(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(100, 5)], [(102, 5)]))
    mine = rest(venue, Side.BUY, 3, 100)
    replay.apply(printed(99, 2, Side.SELL))
    assert filled(venue, mine) == 2
    assert venue.order("anna", SYMBOL, order_id=mine.order_id).executions[0].price == 100


def test_a_print_beyond_a_clients_price_goes_through_all_slices_of_its_iceberg(venue: Venue) -> None:
    mine = venue.place(
        NewOrder(
            account="anna",
            symbol=SYMBOL,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=D(5),
            price=D(100),
            iceberg_quantity=D(1),
        )
    )
    replay = Replay(venue, [])
    replay.apply(printed(99, 3, Side.SELL))
    assert filled(venue, mine) == 3


def test_levels_that_cross_a_clients_order_fill_it(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(99, 5)], [(102, 5)]))
    mine = rest(venue, Side.BUY, 3, 101)
    replay.apply(depth([], [(101, 2)]))
    assert filled(venue, mine) == 2
    assert venue.depth(SYMBOL, 1)[1] == levels((101, 1))


def test_a_recording_that_crosses_itself_makes_no_trade_and_no_crossed_book(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(100, 5)], [(101, 5)]))
    replay.apply(depth([(101, 1)], []))
    assert list(venue.trades(SYMBOL)) == []
    assert venue.depth(SYMBOL, 5)[1:] == (levels((101, 1), (100, 5)), [])


def test_prints_are_published_as_printed_with_the_clients_share_told_apart(venue: Venue) -> None:
    heard: list[object] = []
    venue.listeners.append(heard.append)
    replay = Replay(venue, [])
    replay.apply(snapshot([(99, 5)], [(102, 5)]))
    mine = rest(venue, Side.BUY, 1, 100)
    replay.apply(printed(100, 3, Side.SELL))
    trades = [t for t in heard if isinstance(t, PublicTrade)]
    assert [(t.trade_id, t.price, t.quantity, t.buyer_order_id) for t in trades] == [
        (1, D(100), D(1), mine.order_id),
        (2, D(100), D(2), 0),
    ]
    assert venue.last_price(SYMBOL) == 100


def test_a_trade_changes_no_level_where_no_client_waits(venue: Venue) -> None:
    replay = Replay(venue, [])
    replay.apply(snapshot([(100, 5)], [(101, 5)]))
    before = venue.depth(SYMBOL, 5)
    replay.apply(printed(100, 3, Side.SELL))
    assert venue.depth(SYMBOL, 5) == before


def test_records_of_a_halted_or_unknown_symbol_are_passed_over(venue: Venue) -> None:
    foreign = TradeRecord("X/Y", 0, D(1), D(1), Side.BUY)
    replay = Replay(venue, [foreign, printed(100, 1, Side.BUY)])
    venue.set_status(SYMBOL, trading=False)
    replay.catch_up(1.0)
    assert replay.done
    assert list(venue.trades(SYMBOL)) == []


def test_records_come_when_they_are_due(venue: Venue) -> None:
    def at(second: int) -> TradeRecord:
        return TradeRecord(SYMBOL, second * 10**9, D(100 + second), D(1), Side.BUY)

    replay = Replay(venue, [at(5), at(6), at(9)])
    for elapsed, count in ((0.5, 1), (1.0, 2), (3.9, 2), (4.0, 3)):
        replay.catch_up(elapsed)
        assert len(venue.trades(SYMBOL)) == count
