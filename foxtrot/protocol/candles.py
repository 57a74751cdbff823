"""Candles of venues whose frames do not say that one is final: it is when a later one has begun."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from foxtrot.model.events import Bar
from foxtrot.protocol.codec import Emit, NextSeq


class RunningCandles:
    """Keep the running candle of each symbol and interval, and close it when a later one begins."""

    def __init__(self, next_seq: NextSeq) -> None:
        self._next_seq = next_seq
        self._running: dict[tuple[str, str], Bar] = {}

    def take(self, bars: Sequence[Bar], emit: Emit, *, past: bool = False) -> None:
        """Emit a frame's candles, oldest first, numbered anew, each behind the end of the one before it.

        `past` says that they begin with those from before the subscription: of these only what was missed since the
        last candle is told, else the newest alone. A candle that the past does not reach back to any more is
        forgotten: how it ended is not known. One that is older than the running one is passed over.
        """
        newest = {(bar.symbol, bar.interval): bar for bar in bars}
        if past:
            self._forget_before({(bar.symbol, bar.interval): bar for bar in reversed(bars)})
        for bar in bars:
            key = bar.symbol, bar.interval
            if key in self._running or newest[key] is bar:
                self._step(key, bar, emit)

    def forget(self, symbol: str, interval: str) -> None:
        """Begin anew with the next candle of a symbol and interval."""
        self._running.pop((symbol, interval), None)

    def _forget_before(self, oldest: dict[tuple[str, str], Bar]) -> None:
        for key, first in oldest.items():
            known = self._running.get(key)
            if known is not None and known.open_time < first.open_time:
                del self._running[key]

    def _step(self, key: tuple[str, str], bar: Bar, emit: Emit) -> None:
        before = self._running.get(key)
        if before is not None and before.open_time > bar.open_time:
            return
        if before is not None and before.open_time < bar.open_time:
            emit(msgspec.structs.replace(before, seq=self._next_seq(), ts_recv=bar.ts_recv, closed=True))
        self._running[key] = running = msgspec.structs.replace(bar, seq=self._next_seq(), closed=False)
        emit(running)
