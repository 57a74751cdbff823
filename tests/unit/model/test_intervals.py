from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.intervals import (
    ceil_open,
    count_opens,
    floor_open,
    interval_ns,
    missing,
    nests,
    next_open,
    require_listed,
    step_open,
)
from foxtrot.model.times import moment_ns, seconds_ns, to_ns

INTERVALS = ["1s", "1m", "3m", "15m", "1h", "4h", "1d", "3d", "1w", "1M"]


def at(text: str) -> int:
    return to_ns(text, "time")


@given(st.integers(0, 4_000_000_000_000_000_000), st.sampled_from(INTERVALS))
def test_every_moment_lies_in_exactly_one_candle(moment: int, interval: str) -> None:
    opened = floor_open(moment, interval)
    assert opened <= moment < next_open(opened, interval)
    assert floor_open(opened, interval) == opened


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert floor_open(at("2026-11-20T13:00"), "1w") == at("2026-11-16")
    assert floor_open(at("2026-11-20T13:00"), "1M") == at("2026-11-01")
    assert next_open(at("2026-02-01"), "1M") == at("2026-03-01")
    assert next_open(at("2026-12-01"), "1M") == at("2027-01-01")


@pytest.mark.parametrize("bad", ["", "m", "0m", "1x", "60", "1 m", None, 5])
def test_what_is_no_interval_is_refused_with_examples(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="write 1m, 5m, 1h"):
        interval_ns(bad)  # type: ignore[arg-type]


def test_times_are_read_from_datetime_text_and_ns_alike() -> None:
    expected = 1_772_366_400_000_000_000
    assert to_ns(datetime(2026, 3, 1, 12, tzinfo=UTC), "start") == expected
    assert to_ns("2026-03-01T12:00", "start") == expected
    assert to_ns("2026-03-01T13:00+01:00", "start") == expected
    assert to_ns(expected, "start") == expected


@pytest.mark.parametrize("bad", ["yesterday", None, 1.5, True, []])
def test_what_is_no_time_is_refused_by_name(bad: object) -> None:
    with pytest.raises(InvalidRequest, match="start must be a datetime"):
        to_ns(bad, "start")  # type: ignore[arg-type]


def test_wire_times_are_exact_to_the_last_digit_that_they_have() -> None:
    assert moment_ns(datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)) == 1_772_366_400_000_001_000
    assert moment_ns(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1_000
    assert moment_ns(None) == 0
    assert seconds_ns(Decimal("1762795433.971744567")) == 1_762_795_433_971_744_567


def test_an_interval_that_is_not_listed_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnsupportedError, match="toy has no candles of 3m; it has 1m, 1h"):
        require_listed("3m", ("1m", "1h"), "toy")
    require_listed("1h", ("1m", "1h"), "toy")
    require_listed("3m", (), "toy")  # the venue does not state which it has


@pytest.mark.parametrize(
    ("interval", "minutes"), [("100m", 100), ("120m", 120), ("720m", 720), ("10080m", 10_080), ("365d", 525_600)]
)
def test_any_number_of_minutes_hours_and_days_is_an_interval(interval: str, minutes: int) -> None:
    assert interval_ns(interval) == minutes * 60 * 10**9
    assert floor_open(at("2026-11-20T13:07"), interval) % (minutes * 60 * 10**9) == 0


@pytest.mark.parametrize("bad", ["37000d", "1201M", "999999w", "1234567m"])
def test_more_than_a_hundred_years_are_no_interval(bad: str) -> None:
    with pytest.raises(InvalidRequest, match="no interval"):
        interval_ns(bad)


@given(st.integers(0, 2_000_000_000_000_000_000), st.integers(-9, 9), st.sampled_from([*INTERVALS, "3M", "5h"]))
def test_stepping_forth_and_back_ends_where_it_began(moment: int, steps: int, interval: str) -> None:
    opened = floor_open(moment, interval)
    there = step_open(opened, interval, steps)
    assert floor_open(there, interval) == there
    assert step_open(there, interval, -steps) == opened
    assert count_opens(min(opened, there), max(opened, there), interval) == abs(steps) + 1
    assert ceil_open(opened, interval) == opened
    assert ceil_open(opened + 1, interval) == next_open(opened, interval)


@given(st.integers(0, 30), st.integers(1, 12), st.sets(st.integers(0, 30)), st.sampled_from(["1m", "1w", "1M"]))
def test_what_is_missing_and_what_is_there_make_up_the_whole_range(
    first: int, count: int, there: set[int], interval: str
) -> None:
    opens = [step_open(floor_open(at("2025-01-06"), interval), interval, n) for n in range(60)]
    wanted = opens[first : first + count]
    kept = [opened for opened in wanted if opens.index(opened) in there]
    gaps = missing(kept, wanted[0], wanted[-1], interval)
    gone = [opened for opened in wanted if any(a <= opened <= b for a, b in gaps)]
    assert sorted(kept + gone) == wanted
    assert all(a in wanted and b in wanted for a, b in gaps)


@pytest.mark.parametrize(
    ("shorter", "longer", "fits"),
    [
        ("1m", "1M", True),
        ("1d", "1M", True),
        ("6h", "1w", True),
        ("1M", "3M", True),
        ("2M", "4M", True),
        ("1w", "2w", True),
        ("2M", "3M", False),
        ("1w", "1M", False),
        ("3d", "1M", False),
        ("5h", "1M", False),
        ("7d", "1w", False),
        ("1w", "14d", False),
        ("2d", "1w", False),
        ("1M", "365d", False),
        ("5m", "1m", False),
        ("45s", "1m", False),
    ],
)
def test_candles_fill_longer_ones_only_where_every_border_is_theirs(shorter: str, longer: str, fits: bool) -> None:
    assert nests(shorter, longer) is fits
    borders = [floor_open(at("2025-06-01"), longer)]
    while len(borders) < 40:
        borders.append(next_open(borders[-1], longer))
    assert fits is (interval_ns(shorter) <= interval_ns(longer) and all(floor_open(b, shorter) == b for b in borders))
