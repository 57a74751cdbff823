"""Candles made here: of public trades, and of shorter candles."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from foxtrot.errors import InvalidRequest
from foxtrot.model.events import Bar, Trade
from foxtrot.model.intervals import floor_open, holes, interval_ns, nests, next_open
from foxtrot.model.times import to_iso

_DECIMALS = 8  # sums are rounded to the finest step in use, so that they equal the venue's own
_STEPS = ("1d", "1h", "1m", "1s")
_Order = tuple[int, int]  # of a trade: its time, and its number


class BarCorrected(Bar, frozen=True, gc=False):
    """Replace a candle that was finished before: a trade of it, or of the one whose close it repeats, came late."""


class _Finished(NamedTuple):
    """Keep a candle that may have to be corrected, and where its first and last trade stand among all."""

    bar: Bar
    first: _Order
    last: _Order


class BarBuilder:
    """Make the candles of one symbol of its trades.

    A candle is finished by the first trade after it, or by `advance`; one without trades repeats the last close with a
    volume of 0, as venues do. Trades stand in the order of their times, then of their numbers, whenever they come: one
    of a finished candle (missed by the stream, and filled in later) gives this candle once more, as BarCorrected, and
    with it those that repeat its close. `keep` finished candles can be corrected.

    Of the first candle trades may be missing, those from before the first one seen: it is finished with `closed=False`,
    unless it began at or after `since_ns`, since when no trade is missing.
    """

    def __init__(self, interval: str, *, since_ns: int | None = None, keep: int = 1_440) -> None:
        self._interval = interval
        interval_ns(interval)
        self._since = since_ns
        self._keep = keep
        self._trades: list[Trade] = []
        self._finished: dict[int, _Finished] = {}  # by opening time, ascending
        self._begin = self._open_time = 0
        self._close = 0.0
        self._like: Trade | None = None

    def add(self, trade: Trade) -> list[Bar]:
        """Take a trade; return the candles that it finishes or corrects, oldest first.

        A trade of before the first candle changes nothing. Raises InvalidRequest for one that belongs to a candle of
        so long ago that it is not kept any more; all others are as they were then.
        """
        if self._like is None:
            self._begin = self._open_time = floor_open(trade.ts_event, self._interval)
        elif trade.ts_event < self._open_time:
            return self._corrected(trade)
        finished = self.advance(trade.ts_event)
        self._like = trade
        bisect.insort(self._trades, trade, key=_order)
        return finished

    def advance(self, now_ns: int) -> list[Bar]:
        """Return the candles that are finished by the venue's time `now_ns`."""
        finished = []
        while self._like is not None and next_open(self._open_time, self._interval) <= now_ns:
            finished.append(self._finish())
        return finished

    def current(self) -> Bar | None:
        """Return the running candle, None before the first trade."""
        return None if self._like is None else self._bar(closed=False)

    def _finish(self) -> Bar:
        bar, trades = self._bar(closed=self._is_whole()), self._trades
        nowhere = (self._open_time, 0)
        first, last = (_order(trades[0]), _order(trades[-1])) if trades else (nowhere, nowhere)
        self._finished[self._open_time] = _Finished(bar, first, last)
        if len(self._finished) > self._keep:
            del self._finished[next(iter(self._finished))]
        self._open_time, self._close, self._trades = next_open(self._open_time, self._interval), bar.close, []
        return bar

    def _is_whole(self) -> bool:
        """Tell whether no trade can be missing at the beginning of the candle."""
        return self._open_time > self._begin or (self._since is not None and self._since <= self._begin)

    def _corrected(self, trade: Trade) -> list[Bar]:
        """Put a late trade into its candle, and its price into those that repeat the close."""
        opened = floor_open(trade.ts_event, self._interval)
        if opened < self._begin:
            return []
        if opened not in self._finished:
            raise InvalidRequest(
                f"The trade {trade.trade_id} of {to_iso(trade.ts_event)} came after {self._keep} later candles of "
                f"{self._interval}; make the candles of that time anew, or let the builder keep more.",
                field="trade",
            )
        changed = [_with(self._finished[opened], trade)]
        close = changed[0].bar.close
        changed += [
            _flat(later, close, trade)
            for later in itertools.takewhile(lambda f: not f.bar.trades and f.bar.close != close, self._after(opened))
        ]
        self._finished |= {kept.bar.open_time: kept for kept in changed}
        if changed[-1].bar.open_time == next(reversed(self._finished)):
            self._close = close
        return [kept.bar for kept in changed]

    def _after(self, opened: int) -> Iterator[_Finished]:
        return (kept for time, kept in self._finished.items() if time > opened)

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


def _order(trade: Trade) -> _Order:
    """Return where a trade stands among others; ids that are no numbers tell nothing."""
    return trade.ts_event, trade.trade_id if isinstance(trade.trade_id, int) else 0


def _with(kept: _Finished, trade: Trade) -> _Finished:
    """Return a finished candle with one more trade."""
    bar, place = kept.bar, _order(trade)
    opens, closes = not bar.trades or place < kept.first, not bar.trades or place >= kept.last
    corrected = BarCorrected(
        bar.exchange,
        bar.symbol,
        trade.ts_event if closes else bar.ts_event,
        trade.ts_recv,
        trade.seq,
        bar.interval,
        bar.open_time,
        trade.price if opens else bar.open,
        max(bar.high, trade.price) if bar.trades else trade.price,
        min(bar.low, trade.price) if bar.trades else trade.price,
        trade.price if closes else bar.close,
        round(bar.volume + trade.quantity, _DECIMALS),
        round(bar.quote_volume + trade.price * trade.quantity, _DECIMALS),
        bar.trades + 1,
        bar.closed,
    )
    return _Finished(corrected, place if opens else kept.first, place if closes else kept.last)


def _flat(kept: _Finished, price: float, trade: Trade) -> _Finished:
    """Return a candle without trades that repeats another close."""
    bar = kept.bar
    stamp = bar.exchange, bar.symbol, bar.ts_event, trade.ts_recv, trade.seq
    none = 0.0, 0.0, 0
    return kept._replace(
        bar=BarCorrected(*stamp, bar.interval, bar.open_time, price, price, price, price, *none, bar.closed)
    )


def resample(bars: Sequence[Bar], interval: str) -> list[Bar]:
    """Join ascending candles of one symbol into longer ones.

    Any interval will do (90m, 100m, 3M) of which every border is one of the shorter candles too. A candle is `closed`
    when all of its time is covered by closed ones, from its beginning to its end. Raises InvalidRequest for candles
    that do not ascend, of several symbols or intervals, or that do not fit into `interval` exactly.
    """
    _check(bars, interval)
    groups = itertools.groupby(bars, key=lambda bar: floor_open(bar.open_time, interval))
    return [_joined(opened, list(group), interval) for opened, group in groups]


def _joined(opened: int, group: list[Bar], interval: str) -> Bar:
    first, last = group[0], group[-1]
    # A candle without trades repeats a close of before: no price of the longer one.
    traded = [bar for bar in group if bar.volume > 0 or bar.trades > 0] or group
    step = first.interval
    whole = first.open_time == opened and next_open(last.open_time, step) == next_open(opened, interval)
    unbroken = not holes((bar.open_time for bar in group), step)
    return Bar(
        first.exchange,
        first.symbol,
        last.ts_event,
        last.ts_recv,
        last.seq,
        interval,
        opened,
        traded[0].open,
        max(bar.high for bar in traded),
        min(bar.low for bar in traded),
        last.close,
        round(math.fsum(bar.volume for bar in group), _DECIMALS),
        round(math.fsum(bar.quote_volume for bar in group), _DECIMALS),
        -1 if any(bar.trades < 0 for bar in group) else sum(bar.trades for bar in group),
        whole and unbroken and all(bar.closed for bar in group),
    )


def _check(bars: Iterable[Bar], interval: str) -> None:
    interval_ns(interval)
    previous = None
    for bar in bars:
        if previous is None:
            _require_nesting(bar.interval, interval)
        elif (bar.symbol, bar.interval) != (previous.symbol, previous.interval):
            raise InvalidRequest(
                f"Only candles of one symbol and interval can be joined, not {previous.symbol} {previous.interval} "
                f"with {bar.symbol} {bar.interval}.",
                field="bars",
            )
        elif bar.open_time <= previous.open_time:
            raise InvalidRequest(
                f"Candles must ascend, but {bar.open_time} follows {previous.open_time}.", field="bars"
            )
        if floor_open(bar.open_time, bar.interval) != bar.open_time:
            raise InvalidRequest(
                f"A candle of {bar.interval} cannot open at {to_iso(bar.open_time)}, so it does not fit into "
                f"{interval}; take the venue's shorter candles.",
                field="bars",
            )
        previous = bar


def _require_nesting(shorter: str, longer: str) -> None:
    if nests(shorter, longer):
        return
    usable = next(step for step in _STEPS if nests(step, longer))
    raise InvalidRequest(
        f"Candles of {shorter} do not fit into {longer}: not every candle of {longer} begins where one of {shorter} "
        f"does; take shorter ones, such as {usable}.",
        field="interval",
    )
