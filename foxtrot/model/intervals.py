"""Candle intervals: their names, lengths and borders."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.times import NS_PER_S

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FORM = re.compile(r"([1-9]\d{0,5})([smhdwM])")
_LONGEST_S = 100 * 366 * 86_400
_DAYS_OF_MONTH = 31
_DAY_NS = 86_400 * NS_PER_S
_MONDAY_NS = 4 * _DAY_NS  # 1970-01-05: weeks begin on Monday


def interval_ns(interval: str) -> int:
    """Return the length of "1m", "90m", "4h", "1d", "1w" in ns; a month ("1M") counts as its longest, 31 days.

    Raises InvalidRequest for any other text, and for more than a hundred years.
    """
    form = _FORM.fullmatch(interval) if isinstance(interval, str) else None
    seconds = 0 if form is None else int(form[1]) * _UNITS.get(form[2], _DAYS_OF_MONTH * 86_400)
    if not 0 < seconds <= _LONGEST_S:
        raise InvalidRequest(f"{interval!r} is no interval; write 1m, 5m, 1h, 4h, 1d, 1w or 1M.", field="interval")
    return seconds * NS_PER_S


def require_listed(interval: str, listed: Collection[str], exchange: str) -> None:
    """Raise UnsupportedError for an interval that is none of those that the venue lists (empty: not stated)."""
    if listed and interval not in listed:
        known = ", ".join(listed)
        raise UnsupportedError(f"{exchange} has no candles of {interval}; it has {known}.", exchange=exchange)


def floor_open(time_ns: int, interval: str) -> int:
    """Return the opening time (ns) of the candle that holds `time_ns`."""
    length = interval_ns(interval)
    if interval.endswith("M"):
        months = int(interval[:-1])
        return _month_open(_month_of(time_ns) // months * months)
    origin = _origin(interval)
    return (time_ns - origin) // length * length + origin


def ceil_open(time_ns: int, interval: str) -> int:
    """Return the opening time (ns) of the first candle that opens at `time_ns` or later."""
    opened = floor_open(time_ns, interval)
    return opened if opened == time_ns else next_open(opened, interval)


def next_open(open_ns: int, interval: str) -> int:
    """Return the opening time (ns) of the candle after the one that opens at `open_ns`."""
    return step_open(open_ns, interval, 1)


def step_open(open_ns: int, interval: str, candles: int) -> int:
    """Return the opening time (ns) of the candle so many after (below 0: before) the one that opens at `open_ns`."""
    if interval.endswith("M"):
        return _month_open(_month_of(floor_open(open_ns, interval)) + candles * int(interval[:-1]))
    return open_ns + candles * interval_ns(interval)


def count_opens(first: int, last: int, interval: str) -> int:
    """Return how many candles open from `first` to `last`, which are opening times (ns), both inclusive."""
    if last < first:
        return 0
    if interval.endswith("M"):
        return (_month_of(last) - _month_of(first)) // int(interval[:-1]) + 1
    return (last - first) // interval_ns(interval) + 1


def nests(shorter: str, longer: str) -> bool:
    """Tell whether candles of one interval fill those of another exactly, border on border."""
    step, length = interval_ns(shorter), interval_ns(longer)
    if shorter.endswith("M"):
        return longer.endswith("M") and int(longer[:-1]) % int(shorter[:-1]) == 0
    if longer.endswith("M"):
        return _origin(shorter) == 0 and _DAY_NS % step == 0
    return length % step == 0 and (_origin(longer) - _origin(shorter)) % step == 0


def holes(opens: Iterable[int], interval: str) -> list[tuple[int, int]]:
    """Return the opening times (first, last; ns) that are missing between ascending ones."""
    found = []
    for before, after in itertools.pairwise(opens):
        first = next_open(before, interval)
        if first < after:
            found.append((first, floor_open(after - 1, interval)))
    return found


def missing(opens: Sequence[int], first: int, last: int, interval: str) -> list[tuple[int, int]]:
    """Return the opening times (first, last; ns) that ascending ones leave out of `first`..`last`, edges included."""
    if first > last:
        return []
    if not opens:
        return [(first, last)]
    found = holes(opens, interval)
    if next_open(first, interval) <= opens[0]:
        found.insert(0, (first, floor_open(opens[0] - 1, interval)))
    after = next_open(opens[-1], interval)
    return [*found, (after, last)] if after <= last else found


def _origin(interval: str) -> int:
    """Return an opening time (ns) of the grid of an interval that is not of months."""
    return _MONDAY_NS if interval.endswith("w") else 0


def _month_of(time_ns: int) -> int:
    """Return how many months a time is after January 1970."""
    moment = datetime.fromtimestamp(time_ns // NS_PER_S, UTC)
    return (moment.year - 1970) * 12 + moment.month - 1


def _month_open(month: int) -> int:
    start = datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return int(start.timestamp()) * NS_PER_S
