"""Asking for the public trades that a stream did not bring."""

from __future__ import annotations

import logging

from foxtrot import errors
from foxtrot.capabilities import Capability
from foxtrot.engine.bus import Subscription
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import Trade, TradesFilled, TradesMissed
from foxtrot.protocol.backoff import backoff_s
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.session import Session

_LOG = logging.getLogger("foxtrot.streams")
_PAGE, _ATTEMPTS = 1_000, 4
_FIRST_S, _LONGEST_S = 0.5, 10.0
_MOST = 50_000  # of a longer gap only the newest are asked for


class TradeGapFiller:
    """Hear of missed trades, ask the venue for them, and hand them to the session that missed them."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listening: Subscription | None = None

    def begin(self) -> None:
        """Begin to listen."""
        self._listening = self._wiring.engine.subscribe(TradesMissed, self._on_missed, exchange=self._wiring.exchange)

    async def end(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.unsubscribe()
            self._listening = None

    def _on_missed(self, event: TradesMissed) -> None:
        if self._wiring.capabilities[Capability.FETCH_TRADES].support.usable:
            self._wiring.spawn(self._fill(event))

    async def _fill(self, event: TradesMissed) -> None:
        wiring, symbol, failure = self._wiring, event.symbol, ""
        try:
            await self._ask(symbol, max(event.first_id, event.last_id - _MOST + 1), event.last_id)
        except errors.FoxtrotError as error:
            failure = error.message
            _LOG.warning("%s %s: missed trades could not be read: %s", wiring.exchange, symbol, error)
        session = self._session(symbol)
        missing = 0 if session is None else session.lacks(symbol, event.first_id, event.last_id)
        now, seq = wiring.clock.time_ns(), wiring.next_seq()
        wiring.publish(
            TradesFilled(wiring.exchange, symbol, 0, now, seq, event.first_id, event.last_id, missing, failure)
        )

    async def _ask(self, symbol: str, first: int, last: int) -> None:
        while first <= last:
            page = await self._page(symbol, first, min(_PAGE, last - first + 1))
            session = self._session(symbol)
            if session is None or not page:
                return
            session.fill(page)
            first = int(page[-1].trade_id) + 1

    async def _page(self, symbol: str, first: int, size: int) -> list[Trade]:
        wiring, attempt = self._wiring, 0
        while True:
            attempt += 1
            try:
                rest = wiring.open().rest
                return await wiring.call(rest.fetch_trades(wiring.contract(symbol), size, str(first)))
            except errors.FoxtrotError as error:
                if attempt == _ATTEMPTS or not error.retryable:
                    raise
            await wiring.clock.sleep(backoff_s(attempt, 1.0, initial_s=_FIRST_S, max_s=_LONGEST_S))

    def _session(self, symbol: str) -> Session | None:
        return self._wiring.open().streams.session(Channel(ChannelKind.TRADES, symbol))
