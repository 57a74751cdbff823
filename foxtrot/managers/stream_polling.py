"""Asking by REST for what a stream ought to bring, as long as it does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from foxtrot.managers.trade_pages import PAGE, TradePages
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import Quote, Ticker
from foxtrot.protocol.messages import Channel, ChannelKind
from foxtrot.protocol.session import Session


class Poller:
    """Publish what a stream would have brought: the same events, only later and fewer.

    A polled book is the venue's as of its snapshot; trades are complete where their ids count up one by one, and not
    polled elsewhere. Raises what the requests raise.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._pages = TradePages(wiring)
        self._polls: dict[ChannelKind, Callable[[Channel, Session], Awaitable[None]]] = {
            ChannelKind.TICKER: self._ticker,
            ChannelKind.QUOTES: self._quote,
            ChannelKind.TRADES: self._trades,
            ChannelKind.BOOK: self._book,
            ChannelKind.OHLCV: self._bars,
        }

    async def poll(self, channel: Channel, session: Session) -> None:
        """Ask once for what a channel ought to bring."""
        await self._polls[channel.kind](channel, session)

    async def _last(self, symbol: str) -> Ticker:
        wiring = self._wiring
        (ticker,) = await wiring.call(wiring.open().rest.fetch_tickers([wiring.contract(symbol)]))
        return ticker

    async def _ticker(self, channel: Channel, session: Session) -> None:
        self._wiring.publish(await self._last(channel.symbol))

    async def _quote(self, channel: Channel, session: Session) -> None:
        wiring, t = self._wiring, await self._last(channel.symbol)
        now, seq = wiring.clock.time_ns(), wiring.next_seq()
        if t.bid and t.ask:
            best = t.bid, t.bid_quantity, t.ask, t.ask_quantity
            wiring.publish(Quote(t.exchange, t.symbol, t.ts_event, now, seq, *best))
        if wiring.open().streams.carriers.get(ChannelKind.TICKER) is ChannelKind.QUOTES:
            wiring.publish(t)

    async def _trades(self, channel: Channel, session: Session) -> None:
        wiring, first = self._wiring, session.next_trade(channel.symbol)
        if first is not None:
            session.take_trades(await self._pages.read(wiring.contract(channel.symbol), PAGE, str(first)))

    async def _book(self, channel: Channel, session: Session) -> None:
        beginnings = session.beginnings
        snapshot = await self._wiring.fetch_snapshot(channel.symbol)
        if session.beginnings == beginnings:  # else it may be older than the stream, which brings its own
            session.stand_in(snapshot)

    async def _bars(self, channel: Channel, session: Session) -> None:
        wiring = self._wiring
        rest, contract = wiring.open().rest, wiring.contract(channel.symbol)
        for bar in await wiring.call(rest.fetch_bars(contract, channel.param, None, None, 2)):
            wiring.publish(bar)
