"""The part of a list that was asked for, and where the next page begins."""

from __future__ import annotations

import pytest

from foxtrot.errors import VenueError
from foxtrot.model.events import Trade
from foxtrot.model.order import Side
from foxtrot.protocol.pages import Page, Wanted, numbered_page, offset_page, trades_from


@pytest.mark.parametrize(
    ("start", "end", "limit", "part", "within"),
    [
        (None, None, 2, [40, 50], [10, 20, 30, 40, 50]),
        (None, 30, 2, [20, 30], [10, 20, 30]),
        (20, 40, 9, [20, 30, 40], [20, 30, 40]),
        (20, None, 2, [20, 30], [20, 30, 40, 50]),
        (21, 29, 9, [], []),
    ],
)
def test_bounds_are_inclusive_and_the_limit_takes_the_first_of_a_start_else_the_last(
    start: int | None, end: int | None, limit: int, part: list[int], within: list[int]
) -> None:
    wanted, times = Wanted(start, end, limit), [10, 20, 30, 40, 50]
    assert wanted.part(times, int) == part
    assert wanted.within(times, int) == within


def trade(number: int) -> Trade:
    return Trade("toy", "A/B", 0, 0, 0, number, 1.0, 1.0, Side.BUY)


def test_trades_from_an_id_on_begin_with_it() -> None:
    trades = [trade(n) for n in range(6, 10)]
    assert [t.trade_id for t in trades_from(trades, "8")] == [8, 9]
    assert trades_from(trades, "6") == trades
    assert trades_from(trades, "") == trades
    assert trades_from([], "5") == []


def test_trades_that_are_older_than_what_is_shown_are_never_silently_missing() -> None:
    with pytest.raises(VenueError, match="toy shows the newest 2 trades of A/B, from 6 on; 5 is older"):
        trades_from([trade(6), trade(7)], "5")


def test_a_numbered_page_goes_on_behind_its_last_number_while_pages_are_full() -> None:
    assert numbered_page([7, 9], 2, str) == Page([7, 9], "10")
    assert numbered_page([7, 9], 3, str) == Page([7, 9], "")
    assert numbered_page([], 3, str) == Page([], "")


def test_a_page_by_offset_counts_what_the_venue_sent_and_not_what_was_wanted_of_it() -> None:
    assert offset_page(["x"], "", 50, 50) == Page(["x"], "50", newest_first=True)
    assert offset_page([], "50", 50, 50) == Page([], "100", newest_first=True)
    assert offset_page(["x"], "100", 49, 50) == Page(["x"], "", newest_first=True)
