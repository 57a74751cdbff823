"""Candle intervals: their names, lengths and borders."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from foxtrot.errors import InvalidRequest, UnsupportedError
from foxtrot.model.times import NS_PER_S

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FORM = re.compile(r"([1-9]\d?)([smhdwM])")
_MONDAY_NS = 4 * 86_400 * NS_PER_S  # 1970-01-05: weeks begin on Monday


def interval_ns(interval: str) -> int:
    """Return the length of "1m", "4h", "1d", "1w" in ns; a month ("1M") counts as its longest, 31 days.

    Raises InvalidRequest for any other text.
    """
    form = _FORM.fullmatch(interval) if isinstance(interval, str) else None
    if form is None:
        raise InvalidRequest(f"{interval!r} is no interval; write 1m, 5m, 1h, 4h, 1d, 1w or 1M.", field="interval")
    count, unit = int(form[1]), form[2]
    return count * (31 * 86_400 if unit == "M" else _UNITS[unit]) * NS_PER_S


def require_listed(interval: str, listed: Collection[str], exchange: str) -> None:
    """Raise UnsupportedError for an interval that is none of those that the venue lists (empty: not stated)."""
    if listed and interval not in listed:
        known = ", ".join(listed)
        raise UnsupportedError(f"{exchange} has no candles of {interval}; it has {known}.", exchange=exchange)


def floor_open(time_ns: int, interval: str) -> int:
    """Return the opening time (ns) of the candle that holds `time_ns`."""
    length = interval_ns(interval)
    if interval.endswith("M"):
        return _month_open(time_ns, int(interval[:-1]))
    origin = _MONDAY_NS if interval.endswith("w") else 0
    return (time_ns - origin) // length * length + origin


def next_open(open_ns: int, interval: str) -> int:
    """Return the opening time (ns) of the candle after the one that opens at `open_ns`."""
    length = interval_ns(interval)
    return floor_open(open_ns + length, interval) if interval.endswith("M") else open_ns + length


def holes(opens: Iterable[int], interval: str) -> list[tuple[int, int]]:
    """Return the opening times (first, last; ns) that are missing between ascending ones."""
    found = []
    for before, after in itertools.pairwise(opens):
        first = next_open(before, interval)
        if first < after:
            found.append((first, floor_open(after - 1, interval)))
    return found


def _month_open(time_ns: int, months: int) -> int:
    moment = datetime.fromtimestamp(time_ns // NS_PER_S, UTC)
    index = ((moment.year - 1970) * 12 + moment.month - 1) // months * months
    start = datetime(1970 + index // 12, index % 12 + 1, 1, tzinfo=UTC)
    return int(start.timestamp()) * NS_PER_S
