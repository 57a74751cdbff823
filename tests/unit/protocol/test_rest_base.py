"""What a REST codec gets from the core: books of a depth that can be had, ranges as values, refusals before any I/O."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.contract import Contract
from foxtrot.protocol.calls import Call, RawResponse
from foxtrot.protocol.messages import BookSnapshot
from foxtrot.protocol.pages import Wanted
from foxtrot.protocol.rest_base import RestBase
from foxtrot.protocol.symbols import SymbolTable

CONTRACT = Contract(exchange="toy", symbol="A/B", venue_symbol="AB", base="A", quote="B")


def call(endpoint: str, **params: Any) -> Call[Any]:
    return Call(endpoint=endpoint, params=params, decode=lambda body: body)


class Codec(RestBase):
    """Put what was asked for into a call's parameters."""

    most_depth, snapshot_depth, intervals = 500, 100, ("1m", "1h")

    def book(self, contract: Contract, depth: int) -> Call[BookSnapshot]:
        asked = call("book", depth=depth)
        return asked.then(lambda _: BookSnapshot(contract.symbol, 0, 7, [(5.0, 1.0)], [(6.0, 2.0)]))

    def candles(self, contract: Contract, interval: str, wanted: Wanted) -> Call[Any]:
        return call("candles", interval=interval, wanted=wanted)

    def past_orders(self, contract: Contract, wanted: Wanted) -> Call[Any]:
        return call("orders", wanted=wanted)

    def executions(self, contract: Contract | None, wanted: Wanted) -> Call[Any]:
        return call("fills", wanted=wanted)


@pytest.fixture
def codec() -> Codec:
    return Codec("toy", SymbolTable("toy"), itertools.count(1).__next__)


def test_a_book_is_asked_for_no_deeper_than_can_be_had(codec: Codec) -> None:
    assert codec.fetch_order_book(CONTRACT, 5).params == {"depth": 5}
    assert codec.fetch_order_book(CONTRACT, 500).params == {"depth": 500}
    for depth in (501, 5_000, 0, -3):
        with pytest.raises(InvalidRequest, match=f"toy shows books of 1 to 500 levels a side, not {depth}"):
            codec.fetch_order_book(CONTRACT, depth)
    assert codec.fetch_book_snapshot(CONTRACT).params == {"depth": 100}
    book = codec.fetch_order_book(CONTRACT, 5).decode(b"")
    assert (book.exchange, book.symbol, book.update_id) == ("toy", "A/B", 7)
    assert (book.bids, book.asks) == (((5.0, 1.0),), ((6.0, 2.0),))


def test_an_interval_that_the_venue_lacks_is_refused_before_anything_is_sent(codec: Codec) -> None:
    assert codec.fetch_bars(CONTRACT, "1h", 1, 2, 3).params == {"interval": "1h", "wanted": Wanted(1, 2, 3)}
    with pytest.raises(UnsupportedError, match="toy has no candles of 3m; it has 1m, 1h"):
        codec.fetch_bars(CONTRACT, "3m", None, None, 1)


def test_ranges_and_pages_arrive_as_they_were_asked_for(codec: Codec) -> None:
    assert codec.fetch_orders(CONTRACT, 1, None, "50", 9).params == {"wanted": Wanted(1, None, 9, "50")}
    assert codec.fetch_my_trades(None, None, 2, "", 9).params == {"wanted": Wanted(None, 2, 9, "")}


def test_what_a_venue_does_not_have_is_said_once_for_all(codec: Codec) -> None:
    assert codec.cancel_all_orders(CONTRACT) is None
    assert codec.usage(RawResponse(200, {}, b"")) == []
    with pytest.raises(UnsupportedError, match="no average price"):
        codec.fetch_average_price(CONTRACT)


def test_events_are_numbered_one_by_one(codec: Codec) -> None:
    assert codec.stamp("A/B", 70) == ("toy", "A/B", 70, 0, 1)
    assert codec.stamp("A/B", 70)[-1] == 2


def test_a_call_read_further_is_the_same_request() -> None:
    first = Call(endpoint="e", params={"a": "b"}, decode=len, weight=7, signed=True, idempotent=False)
    second = first.then(lambda size: size * 2)
    assert (first.decode(b"xyz"), second.decode(b"xyz")) == (3, 6)
    assert (second.endpoint, second.params, second.weight) == ("e", {"a": "b"}, 7)
    assert (second.signed, second.idempotent) == (True, False)
