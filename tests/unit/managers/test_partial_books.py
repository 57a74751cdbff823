"""Books of a few levels, whole each time: nothing to synchronise, nothing to miss."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.events import BookInvalidated, BookUpdated
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import SYMBOL, Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", rate=20)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


async def settled(desk: Desk) -> None:
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(3)


def is_the_venues(desk: Desk, depth: int) -> bool:
    book = desk.exchange.market_data.order_book(SYMBOL)
    _, bids, asks = desk.world.venue.depth(SYMBOL, depth)
    assert book is not None
    return (list(book.bids), list(book.asks)) == (
        [(float(p), float(q)) for p, q in bids],
        [(float(p), float(q)) for p, q in asks],
    )


async def test_the_best_levels_come_whole_each_time_without_a_request(desk: Desk) -> None:
    heard: list[BookUpdated] = []
    asked = desk.world.requests.total()
    await desk.run(desk.exchange.subscribe_order_book(SYMBOL, heard.append, depth=5))
    await desk.clock.advance(20)
    assert len(heard) > 10
    assert all(event.snapshot and len(event.bids) <= 5 and len(event.asks) <= 5 for event in heard)
    assert desk.world.requests.total() == asked
    await settled(desk)
    assert is_the_venues(desk, 5)


async def test_what_is_lost_or_cut_is_made_good_by_the_next_one(desk: Desk) -> None:
    await desk.run(desk.exchange.subscribe_order_book(SYMBOL, depth=20))
    desk.faults.next["frame"] = [Fault.MISSING, None, Fault.REORDERED, None, Fault.DUPLICATE, Fault.CUT, None] * 4
    await desk.clock.advance(60)
    desk.faults.next["frame"].clear()
    await desk.clock.advance(30)
    await settled(desk)
    assert is_the_venues(desk, 20)
    numbers = [event.update_id for event in desk.heard if isinstance(event, BookUpdated)]
    assert numbers == sorted(numbers)
    assert not [e for e in desk.heard if isinstance(e, BookInvalidated) and "gap" in e.reason]


async def test_a_depth_that_is_not_streamed_is_refused_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(UnsupportedError, match="no books of 7 levels; it has 5, 10, 20"):
        await desk.exchange.subscribe_order_book(SYMBOL, depth=7)


async def test_a_symbol_has_one_kind_of_book_at_a_time(desk: Desk) -> None:
    whole = await desk.run(desk.exchange.subscribe_order_book(SYMBOL))
    with pytest.raises(InvalidRequest, match="with all levels already; unsubscribe that one before you ask for 5"):
        await desk.exchange.subscribe_order_book(SYMBOL, depth=5)
    await desk.run(desk.exchange.unsubscribe(whole))
    await desk.run(desk.exchange.subscribe_order_book(SYMBOL, depth=5))
    await settled(desk)
    assert is_the_venues(desk, 5)
