from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.intervals import floor_open, interval_ns, next_open, require_listed
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
