"""Candles that are missing within a buffer are fetched, again and again where that fails."""

from __future__ import annotations

import logging

from foxtrot.data.buffers import Buffer
from foxtrot.errors import FoxtrotError
from foxtrot.exchange import BaseExchange
from foxtrot.model.intervals import interval_ns

_LOG = logging.getLogger("foxtrot.data")
_MOST_WAITED = 16  # candles between two attempts


class HoleFiller:
    """Fill the holes of one buffer.

    A fetch that fails is tried again with the finished candles that follow: the 1st, 2nd, 4th, 8th, then every 16th of
    them. The log says it once, and once more when it worked after all. What the venue answers not to have is told once,
    and asked for again by `fill` only.
    """

    def __init__(self, venue: BaseExchange, symbol: str, buffer: Buffer) -> None:
        self._venue = venue
        self._symbol = symbol
        self._buffer = buffer
        self._length = interval_ns(buffer.kind.value)
        self._lacking: set[tuple[int, int]] = set()
        self._failures = 0
        self._waits = 0
        self._busy = False

    def due(self) -> bool:
        """Tell, for each finished candle that came, whether to `try_again` now."""
        if self._busy or not self._holes():
            return False
        self._waits -= 1
        return self._waits < 0

    async def fill(self) -> None:
        """Fetch what is missing between the candles, also what the venue did not have before. Raises FoxtrotError."""
        self._lacking.clear()
        await self._fetch()

    async def try_again(self) -> None:
        """Do the same; what fails is logged and due again later."""
        self._busy = True
        try:
            await self._fetch()
        except FoxtrotError as error:
            level = logging.DEBUG if self._failures else logging.WARNING
            self._failures += 1
            self._waits = min(2 ** (self._failures - 1), _MOST_WAITED) - 1
            kind = self._buffer.kind.value
            self._say(level, "missing candles of %s could not be fetched, they are tried again: %s", kind, error)
        else:
            if self._failures:
                self._say(logging.INFO, "missing candles of %s were fetched after all", self._buffer.kind.value)
            self._failures = self._waits = 0
        finally:
            self._busy = False

    async def _fetch(self) -> None:
        for first, last in self._holes():
            bars = await self._venue.fetch_ohlcv(self._symbol, self._buffer.kind.value, start=first, end=last)
            self._buffer.add_bars(bars)
        left = self._holes()
        self._lacking = {hole for hole in self._lacking if hole in self._all()} | set(left)
        for first, last in left:
            count = (last - first) // self._length + 1
            self._say(logging.WARNING, "%d candles of %s are missing at the venue", count, self._buffer.kind.value)

    def _all(self) -> list[tuple[int, int]]:
        return self._buffer.holes(self._length)

    def _holes(self) -> list[tuple[int, int]]:
        return [hole for hole in self._all() if hole not in self._lacking]

    def _say(self, level: int, text: str, *facts: object) -> None:
        _LOG.log(level, "%s %s: " + text, self._venue.name, self._symbol, *facts)
