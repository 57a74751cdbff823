"""Noticing streams that say nothing although the market moves, and standing in for them by REST."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import msgspec

from foxtrot.errors import FoxtrotError
from foxtrot.managers.stream_polling import Poller
from foxtrot.managers.wiring import Wiring
from foxtrot.model.events import StreamRestored, StreamStale, Ticker
from foxtrot.model.times import NS_PER_S
from foxtrot.protocol.messages import Channel, ChannelKind

_LOG = logging.getLogger("foxtrot.streams")
_EVERY_S = 1.0
_RENEW_S, _RENEW_MAX_S = 30.0, 600.0  # between replacements of a connection, each time twice as long


class _Watched(msgspec.Struct):
    seen_ns: int  # when it brought something, or was begun
    silent_ns: int  # since when it is silent, a mere beginning not counted
    asked_ns: int = 0
    market: Ticker | None = None  # as asked for during the silence
    stale: bool = False
    begun: bool = False  # stale, but its renewed stream has begun
    polled_ns: int = 0
    renewed_ns: int = 0
    pause_s: float = _RENEW_S


class StreamWatch:
    """Follow when each channel brought something last.

    A channel that is silent for half of its limit has its market asked for by REST, and at the limit again: if the
    market has moved meanwhile, if that cannot be asked, or if the stream is not up at all, StreamStale is published.
    From then on the connection is replaced, ever more seldom, and the channel polled every `streams.poll_interval_s`,
    until the stream speaks again (StreamRestored). Streams begin with what there is: that alone is no news, so a stream
    is restored with the second thing it brings, or when it says nothing more in a market that does not move.
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._poller = Poller(wiring)
        self._watched: dict[Channel, _Watched] = {}

    async def run(self) -> None:
        """Watch for the time of a connection."""
        while True:
            await self._wiring.clock.sleep(_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        streams, now = self._wiring.open().streams, self._wiring.clock.time_ns()
        channels = streams.channels()
        for gone in self._watched.keys() - set(channels):
            del self._watched[gone]
        for channel in channels:
            watched = self._watched.setdefault(channel, _Watched(now, now))
            seen = streams.last_seen(channel)
            if seen > watched.seen_ns:
                self._spoke(channel, watched, seen, now)
        await self._ask_about([c for c in channels if self._is_due(c, now)])
        for channel in channels:
            if self._watched[channel].stale:
                await self._stand_in(channel, self._watched[channel])

    def _is_due(self, channel: Channel, now: int) -> bool:
        """Tell whether a silent channel's market is to be asked for, or the stream to be called stale."""
        watched, limit = self._watched[channel], self._limit_ns(channel)
        if not limit or (watched.stale and not watched.begun):
            return False
        return now - max(watched.seen_ns, watched.asked_ns) >= limit // 2

    async def _ask_about(self, channels: list[Channel]) -> None:
        wiring, streams = self._wiring, self._wiring.open().streams
        now = wiring.clock.time_ns()
        for channel in channels:
            watched = self._watched[channel]
            if not streams.confirmed(channel) and self._is_late(channel, now):
                self._call_stale(channel, watched, "the stream is not up")
        silent = [channel for channel in channels if self._is_due(channel, now)]
        if not silent:
            return
        for channel in silent:
            self._watched[channel].asked_ns = now
        market = await self._market({channel.symbol for channel in silent})
        for channel in silent:
            if streams.last_seen(channel) <= self._watched[channel].seen_ns:
                self._judge(channel, market, now)

    async def _market(self, symbols: Iterable[str]) -> dict[str, Ticker] | None:
        """Ask for the market; None when that cannot be asked."""
        wiring = self._wiring
        contracts = [wiring.contract(symbol) for symbol in sorted(symbols)]
        try:
            tickers = await wiring.call(wiring.open().rest.fetch_tickers(contracts))
        except FoxtrotError as error:
            _LOG.warning("%s: whether silent streams are stale cannot be told: %s", wiring.exchange, error)
            return None
        return {ticker.symbol: ticker for ticker in tickers}

    def _judge(self, channel: Channel, market: dict[str, Ticker] | None, now: int) -> None:
        """Compare the market with what it was when last asked for."""
        watched = self._watched[channel]
        if market is None:
            if self._is_late(channel, now):
                self._call_stale(channel, watched, "whether the market has moved cannot be asked")
            return
        ticker, before = market.get(channel.symbol), watched.market
        if ticker is None or (channel.kind is ChannelKind.QUOTES and not (ticker.bid and ticker.ask)):
            return  # while a side of the book is empty there are no quotes
        watched.market = ticker
        if before is None:
            return
        if _shown(channel.kind, before) != _shown(channel.kind, ticker):
            self._call_stale(channel, watched, "the market has moved meanwhile")
        elif watched.stale and self._is_late(channel, now):
            self._restore(channel, watched)  # it has begun, and there is nothing to say

    def _is_late(self, channel: Channel, now: int) -> bool:
        return now - self._watched[channel].seen_ns >= self._limit_ns(channel)

    def _call_stale(self, channel: Channel, watched: _Watched, why: str) -> None:
        wiring = self._wiring
        now, seq = wiring.clock.time_ns(), wiring.next_seq()
        if watched.stale:  # and told as such: its renewed stream has begun, but says no more
            watched.begun = False
            return
        watched.stale = True
        silent_s = (now - watched.silent_ns) / NS_PER_S
        wiring.publish(
            StreamStale(wiring.exchange, channel.symbol, 0, now, seq, channel.kind.value, channel.param, silent_s, why)
        )
        self._hide_book(channel, f"stale: nothing came for {silent_s:.0f} s, and {why}")

    def _hide_book(self, channel: Channel, reason: str) -> None:
        session = self._wiring.open().streams.session(channel)
        book = None if session is None else session.books.get(channel.symbol)
        if channel.kind is ChannelKind.BOOK and book is not None:
            book.invalidate(reason)

    def _spoke(self, channel: Channel, watched: _Watched, seen_ns: int, now: int) -> None:
        watched.seen_ns, watched.market = seen_ns, None
        if not watched.stale:
            watched.silent_ns = seen_ns
        elif watched.begun:
            self._restore(channel, watched)
        else:
            watched.begun, watched.polled_ns = True, now

    def _restore(self, channel: Channel, watched: _Watched) -> None:
        wiring = self._wiring
        now, seq = wiring.clock.time_ns(), wiring.next_seq()
        silent_s = (now - watched.silent_ns) / NS_PER_S
        watched.stale = watched.begun = False
        watched.pause_s, watched.renewed_ns = _RENEW_S, 0
        watched.silent_ns = watched.seen_ns
        wiring.publish(
            StreamRestored(wiring.exchange, channel.symbol, 0, now, seq, channel.kind.value, channel.param, silent_s)
        )

    async def _stand_in(self, channel: Channel, watched: _Watched) -> None:
        """Have the connection replaced, and ask for what the stream does not bring."""
        wiring, streams = self._wiring, self._wiring.open().streams
        now, every_s = wiring.clock.time_ns(), wiring.config.streams.poll_interval_s
        if not watched.begun and now - watched.renewed_ns >= watched.pause_s * NS_PER_S:
            if watched.renewed_ns:
                watched.pause_s = min(watched.pause_s * 2, _RENEW_MAX_S)
            watched.renewed_ns = now
            streams.renew(channel)
        session = streams.session(channel)
        if not every_s:
            self._hide_book(channel, "stale: its updates do not come")
        if not every_s or session is None or now - watched.polled_ns < every_s * NS_PER_S:
            return
        watched.polled_ns = now
        try:
            await self._poller.poll(channel, session)
        except FoxtrotError as error:
            _LOG.warning("%s: %s cannot be polled: %s", wiring.exchange, channel, error)
            self._hide_book(channel, f"stale: its updates do not come, and it cannot be asked for: {error.message}")

    def _limit_ns(self, channel: Channel) -> int:
        return round(self._wiring.config.streams.stale_after_s[channel.kind.value] * NS_PER_S)


def _shown(kind: ChannelKind, ticker: Ticker) -> tuple[float, ...]:
    """Return what a stream of that kind would have shown of the market."""
    if kind in (ChannelKind.TRADES, ChannelKind.OHLCV):
        return (ticker.last, ticker.volume, ticker.trades)
    if kind is ChannelKind.TICKER:
        return (ticker.last, ticker.volume, ticker.trades, ticker.bid, ticker.ask)
    return (ticker.bid, ticker.bid_quantity, ticker.ask, ticker.ask_quantity)
