"""Candles made here: of public trades, and of shorter candles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Bar, Trade
from foxtrot.model.intervals import floor_open, interval_ns, next_open

_DECIMALS = 8  # sums are rounded to the finest step in use, so that they equal the venue's own


class BarBuilder:
    """Make the candles of one symbol of its trades, which come in the order of their times.

    A candle begins with the first trade seen and the minute after it is complete; one without trades repeats the last
    close with a volume of 0, as venues do. The first candle misses what was traded before it was subscribed to.
    """

    def __init__(self, interval: str) -> None:
        self._interval = interval
        interval_ns(interval)
        self._trades: list[Trade] = []
        self._open_time = 0
        self._close = 0.0
        self._like: Trade | None = None

    def add(self, trade: Trade) -> list[Bar]:
        """Take a trade; return the candles that it finishes, oldest first."""
        finished = self.advance(trade.ts_event)
        if self._like is None:
            self._open_time = floor_open(trade.ts_event, self._interval)
        self._like = trade
        self._trades.append(trade)
        return finished

    def advance(self, now_ns: int) -> list[Bar]:
        """Return the candles that are finished by the venue's time `now_ns`."""
        finished = []
        while self._like is not None and next_open(self._open_time, self._interval) <= now_ns:
            bar = self._bar(closed=True)
            self._open_time, self._close, self._trades = next_open(self._open_time, self._interval), bar.close, []
            finished.append(bar)
        return finished

    def current(self) -> Bar | None:
        """Return the running candle, None before the first trade."""
        return None if self._like is None else self._bar(closed=False)

    def _bar(self, *, closed: bool) -> Bar:
        like, trades = self._like, self._trades
        assert like is not None
        prices = [trade.price for trade in trades] or [self._close]
        return Bar(
            like.exchange,
            like.symbol,
            trades[-1].ts_event if trades else self._open_time,
            like.ts_recv,
            like.seq,
            self._interval,
            self._open_time,
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
            round(math.fsum(trade.quantity for trade in trades), _DECIMALS),
            round(math.fsum(trade.price * trade.quantity for trade in trades), _DECIMALS),
            len(trades),
            closed,
        )


def resample(bars: Sequence[Bar], interval: str) -> list[Bar]:
    """Join ascending candles of one symbol into longer ones.

    A candle is `closed` when all of its time is covered by closed ones, from its beginning to its end. Raises
    InvalidRequest for candles that do not ascend, of several symbols or intervals, or that do not fit into `interval`.
    """
    _check(bars, interval)
    groups = itertools.groupby(bars, key=lambda bar: floor_open(bar.open_time, interval))
    return [_joined(opened, list(group), interval) for opened, group in groups]


def _joined(opened: int, group: list[Bar], interval: str) -> Bar:
    first, last = group[0], group[-1]
    step = interval_ns(first.interval)
    whole = first.open_time == opened and last.open_time + step == next_open(opened, interval)
    unbroken = all(b.open_time - a.open_time == step for a, b in itertools.pairwise(group))
    return Bar(
        first.exchange,
        first.symbol,
        last.ts_event,
        last.ts_recv,
        last.seq,
        interval,
        opened,
        first.open,
        max(bar.high for bar in group),
        min(bar.low for bar in group),
        last.close,
        round(math.fsum(bar.volume for bar in group), _DECIMALS),
        round(math.fsum(bar.quote_volume for bar in group), _DECIMALS),
        -1 if any(bar.trades < 0 for bar in group) else sum(bar.trades for bar in group),
        whole and unbroken and all(bar.closed for bar in group),
    )


def _check(bars: Iterable[Bar], interval: str) -> None:
    length, previous = interval_ns(interval), None
    for bar in bars:
        if previous is not None and (bar.symbol, bar.interval) != (previous.symbol, previous.interval):
            raise InvalidRequest(
                f"Only candles of one symbol and interval can be joined, not {previous.symbol} {previous.interval} "
                f"with {bar.symbol} {bar.interval}.",
                field="bars",
            )
        if previous is not None and bar.open_time <= previous.open_time:
            raise InvalidRequest(
                f"Candles must ascend, but {bar.open_time} follows {previous.open_time}.", field="bars"
            )
        step = interval_ns(bar.interval)
        if step > length or (length % step and not interval.endswith("M")):
            raise InvalidRequest(f"Candles of {bar.interval} do not fit into {interval}.", field="interval")
        previous = bar
