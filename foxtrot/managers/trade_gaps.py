"""Asking for the public trades that a stream did not bring."""

from __future__ import annotations

import logging

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.engine.bus import Subscription
from foxtrot.managers.trade_pages import PAGE, TradePages
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import Trade, TradesFilled, TradesMissed
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.session import Session

_LOG = logging.getLogger("foxtrot.streams")
_ATTEMPTS = 4
_FIRST_S, _LONGEST_S = 0.5, 10.0
_MOST = 50_000  # of a longer gap only the newest are asked for
_FUTILE = 5  # times that nothing came of asking: then the ids do not count up one by one


class TradeGapFiller:
    """Hear of missed trades, ask the venue for them, and hand them to the session that missed them.

    One question at a time per symbol: gaps that are told meanwhile are asked for together. Where the venue knows none
    of the trades that are missing, several times on end, its ids do not count up, and gaps are looked for no more.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._pages = TradePages(wiring)
        self._listening: Subscription | None = None
        self._waiting: dict[str, list[TradesMissed]] = {}  # of symbols that are being asked for
        self._futile: dict[str, int] = {}

    def begin(self) -> None:
        """Begin to listen."""
        self._listening = self._wiring.engine.subscribe(TradesMissed, self._on_missed, exchange=self._wiring.exchange)

    async def end(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.unsubscribe()
            self._listening = None

    def _on_missed(self, event: TradesMissed) -> None:
        if not self._wiring.capabilities[Capability.FETCH_TRADES].support.usable:
            return
        waiting = self._waiting.get(event.symbol)
        if waiting is not None:
            waiting.append(event)
            return
        self._waiting[event.symbol] = [event]
        self._wiring.spawn(self._fill_all(event.symbol))

    async def _fill_all(self, symbol: str) -> None:
        try:
            while gaps := self._waiting[symbol]:
                self._waiting[symbol] = []
                await self._fill(symbol, gaps)
        finally:
            del self._waiting[symbol]

    async def _fill(self, symbol: str, gaps: list[TradesMissed]) -> None:
        wiring, failure = self._wiring, ""
        first, last = min(gap.first_id for gap in gaps), max(gap.last_id for gap in gaps)
        lacked = self._lacks(symbol, first, last)
        try:
            await self._ask(symbol, max(first, last - _MOST + 1), last)
        except errors.FoxtrotError as error:
            failure = error.message
            _LOG.warning("%s %s: missed trades could not be read: %s", wiring.exchange, symbol, error)
        else:
            self._judge(symbol, lacked, self._lacks(symbol, first, last))
        for gap in gaps:
            missing = self._lacks(symbol, gap.first_id, gap.last_id)
            now, seq = wiring.clock.time_ns(), wiring.next_seq()
            wiring.publish(
                TradesFilled(wiring.exchange, symbol, 0, now, seq, gap.first_id, gap.last_id, missing, failure)
            )

    def _judge(self, symbol: str, before: int, after: int) -> None:
        """Stop to look for gaps where nothing ever comes of it."""
        self._futile[symbol] = self._futile.get(symbol, 0) + 1 if before and before == after else 0
        session = self._session(symbol)
        if self._futile[symbol] >= _FUTILE and session is not None:
            session.follow_no_trades()
            _LOG.warning(
                "%s %s: trade ids do not count up one by one; gaps in them are not looked for any more",
                self._wiring.exchange,
                symbol,
            )

    async def _ask(self, symbol: str, first: int, last: int) -> None:
        while first <= last:
            page = await self._page(symbol, first, min(PAGE, last - first + 1))
            session = self._session(symbol)
            if session is None or not page:
                return
            session.take_trades(page)
            first = int(page[-1].trade_id) + 1

    async def _page(self, symbol: str, first: int, size: int) -> list[Trade]:
        wiring, attempt = self._wiring, 0
        while True:
            attempt += 1
            try:
                return await self._pages.read(wiring.contract(symbol), size, str(first))
            except errors.FoxtrotError as error:
                if attempt == _ATTEMPTS or not error.retryable:
                    raise
            await wiring.clock.sleep(backoff_s(attempt, 1.0, initial_s=_FIRST_S, max_s=_LONGEST_S))

    def _lacks(self, symbol: str, first: int, last: int) -> int:
        session = self._session(symbol)
        return 0 if session is None else session.lacks(symbol, first, last)

    def _session(self, symbol: str) -> Session | None:
        return self._wiring.open().streams.session(Channel(ChannelKind.TRADES, symbol))
