"""Streams that tell changes only: each report is completed, and a frame that is missing shows."""

from __future__ import annotations

import msgspec
import pytest

from foxtrot.protocol.changes import Completed, Sequences


class Report(msgspec.Struct, frozen=True):
    state: str | None = None
    side: str | None = None
    price: int | None = None
    note: str = ""


@pytest.fixture
def reports() -> Completed[Report]:
    return Completed[Report](whole=lambda told: told.side is not None, ended=lambda report: report.state == "done")


def test_a_report_keeps_what_it_leaves_out_and_changes_what_it_names(reports: Completed[Report]) -> None:
    first = Report("open", "buy", 5, "a note")
    assert reports.take("O", first) is first
    assert reports.take("O", Report(price=6)) == Report("open", "buy", 6, "a note")
    assert reports.take("O", Report(state="part", price=0)) == Report("part", "buy", 0, "a note")
    assert reports.take("P", Report("open", "sell")) == Report("open", "sell")


def test_a_change_of_an_order_of_which_nothing_is_known_cannot_be_read(reports: Completed[Report]) -> None:
    with pytest.raises(KeyError, match="the order O"):
        reports.take("O", Report("open", price=5))
    assert reports.take("O", Report("open", "buy")).side == "buy"


def test_more_may_be_told_of_an_order_that_has_ended(reports: Completed[Report]) -> None:
    reports.take("O", Report("open", "buy", 5))
    reports.take("O", Report("done"))
    assert reports.take("O", Report(note="the last trade was the last")).price == 5


def test_of_ended_orders_the_newest_thousand_are_kept_and_of_living_ones_all(reports: Completed[Report]) -> None:
    for number in range(1_500):
        reports.take(f"L{number}", Report("open", "buy", number))
    for number in range(1_001):
        reports.take(f"E{number}", Report("open", "buy", number))
        reports.take(f"E{number}", Report("done"))
    assert reports.take("L0", Report()).price == 0
    assert reports.take("E1", Report()).price == 1
    with pytest.raises(KeyError):
        reports.take("E0", Report())


def test_each_channel_counts_for_itself_and_says_what_is_missing() -> None:
    sequences = Sequences()
    assert [sequences.gap("a", number) for number in (1, 2, 3)] == ["", "", ""]
    assert sequences.gap("b", 1) == ""
    assert sequences.gap("a", 6) == "a went from 3 to 6"
    assert sequences.gap("a", 7) == ""
    assert sequences.gap("b", 1) == "b went from 1 to 1"  # a repetition is no order either
    assert sequences.gap("c", 2) == "c went from 0 to 2"


def test_a_frame_without_a_number_is_no_gap() -> None:
    sequences = Sequences()
    assert sequences.gap("a", 0) == ""
    assert sequences.gap("a", 1) == ""
