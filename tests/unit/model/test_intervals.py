from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foxtrot.errors import InvalidRequest
from foxtrot.model.intervals import floor_open, interval_ns, next_open
from foxtrot.model.times import to_ns

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
