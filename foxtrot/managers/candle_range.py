"""Which candles are meant by a start, an end and a limit."""

from __future__ import annotations

import msgspec

from foxtrot.errors import InvalidRequest
from foxtrot.model.intervals import ceil_open, count_opens, floor_open, next_open, step_open
from foxtrot.model.times import TimeLike, to_ns

_LATEST = 500


class CandleRange(msgspec.Struct, frozen=True):
    """Name candles: those that open in `start`..`end` (ns, inclusive), of them the first `limit`, or the newest.

    `first` and `last` are the opening times of the first and the last one; none is meant when `last` is before `first`.
    `closed_by` (ns): what is over by then is finished.
    """

    interval: str
    start: int
    end: int
    first: int
    last: int
    limit: int | None
    from_start: bool
    closed_by: int

    @property
    def count(self) -> int:
        """Return how many candles are meant at most."""
        among = count_opens(self.first, self.last, self.interval)
        return among if self.limit is None else min(among, self.limit)

    @property
    def last_closed(self) -> int:
        """Return the opening time of the newest candle of all that is over."""
        return _last_closed(self.closed_by, self.interval)

    @property
    def last_over(self) -> int:
        """Return the opening time of the last candle meant that is over: only such a one can be missing."""
        return min(self.last, self.last_closed)


def _last_closed(now_ns: int, interval: str) -> int:
    """Return the opening time (ns) of the newest candle that is over."""
    return step_open(floor_open(now_ns, interval), interval, -1)


def require_limit(limit: int | None) -> None:
    """Raise InvalidRequest for what is no number of items."""
    if limit is not None and (type(limit) is not int or limit < 1):
        raise InvalidRequest(f"limit must be a whole number, at least 1, not {limit!r}.", field="limit")


def candle_range(
    interval: str, start: TimeLike | None, end: TimeLike | None, limit: int | None, now_ns: int, *, unfinished: bool
) -> CandleRange:
    """Return what is meant: nothing that has not begun by `now_ns`, and without `start` the newest `limit`.

    Raises InvalidRequest for a bad interval, time or limit, and for a start after the end.
    """
    require_limit(limit)
    newest = floor_open(now_ns, interval) if unfinished else _last_closed(now_ns, interval)
    until = now_ns if end is None else max(to_ns(end, "end"), -1)
    last = newest if until >= newest else floor_open(until, interval)
    if start is None:
        limit = limit or _LATEST
        begin = first = max(_stepped_back(last, interval, limit - 1), ceil_open(0, interval))
    else:
        begin = max(to_ns(start, "start"), 0)
        if begin > until:
            closing = "now" if end is None else repr(end)
            raise InvalidRequest(f"start must not be after end ({start!r} > {closing}).", field="start")
        first = ceil_open(begin, interval) if begin <= now_ns else next_open(newest, interval)
    bound = min(until, next_open(last, interval) - 1)
    return CandleRange(interval, begin, bound, first, last, limit, start is not None, now_ns)


def _stepped_back(last: int, interval: str, candles: int) -> int:
    """Step back, at most to 1970."""
    return step_open(last, interval, -min(candles, count_opens(0, last, interval)))
