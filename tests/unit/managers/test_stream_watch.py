"""Silent streams: told only when the market moved, stood in for by REST, and left alone once they speak again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from foxtrot.model.events import (
    Bar,
    BookInvalidated,
    BookUpdated,
    Event,
    Quote,
    StreamRestored,
    StreamStale,
    Ticker,
    Trade,
)
from foxtrot.protocol.messages import ChannelKind
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import SYMBOL, Desk

Make = Callable[..., Desk]
EVENTS: dict[str, type[Event]] = {
    "ticker": Ticker,
    "quotes": Quote,
    "trades": Trade,
    "book": BookUpdated,
    "ohlcv": Bar,
}


async def subscribed(desk: Desk, kind: str, rate: float = 20) -> None:
    desk.world.stage.flow.seed_book()
    desk.world.stage.flow.rate = rate
    await desk.run(desk.exchange.connect())
    subscribe = desk.exchange.market_data.subscribe
    await desk.run(subscribe(ChannelKind(kind), SYMBOL, param="1m" if kind == "ohlcv" else ""))
    await desk.clock.advance(3)


def told(desk: Desk, of: type[Event], since: int) -> list[Event]:
    return [event for event in desk.heard[since:] if isinstance(event, of)]


@pytest.mark.parametrize("kind", list(EVENTS))
async def test_a_stream_that_falls_silent_is_told_within_its_limit_polled_and_restored(
    make_desk: Make, kind: str
) -> None:
    desk = make_desk()
    await subscribed(desk, kind)
    limit = desk.exchange.config.streams.stale_after_s[kind]
    begun, since = desk.clock.monotonic(), len(desk.heard)
    # Each connection, and each that replaces it, answers what it is asked and brings no news.
    desk.world.muted = True
    await desk.clock.advance(limit + 3)
    (stale,) = told(desk, StreamStale, since)
    assert isinstance(stale, StreamStale)
    assert (stale.stream, stale.symbol) == (kind, SYMBOL)
    assert stale.silent_s <= limit + 2
    assert (stale.ts_recv - 1_700_000_000 * 10**9) / 1e9 - begun <= limit + 3
    after = len(desk.heard)
    await desk.clock.advance(20)
    assert len(told(desk, EVENTS[kind], after)) >= 2
    desk.world.muted = False
    await desk.clock.advance(60)
    assert told(desk, StreamRestored, after)
    assert desk.kinds(StreamStale).count("StreamStale") == 1


async def test_a_quiet_market_is_not_a_stale_stream(make_desk: Make) -> None:
    desk = make_desk()
    for kind in EVENTS:
        await subscribed(desk, kind) if kind == "ticker" else await desk.run(
            desk.exchange.market_data.subscribe(ChannelKind(kind), SYMBOL, param="1m" if kind == "ohlcv" else "")
        )
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(3_600)
    assert "StreamStale" not in desk.kinds()


async def test_no_stale_book_is_shown(make_desk: Make) -> None:
    desk = make_desk()
    await subscribed(desk, "book")
    desk.exchange.config.streams.__dict__["poll_interval_s"] = 0.0
    desk.world.muted = True
    await desk.clock.advance(35)
    assert desk.exchange.market_data.order_book(SYMBOL) is None
    assert any(isinstance(event, BookInvalidated) and "stale" in event.reason for event in desk.heard)


async def test_trades_are_complete_through_the_silence(make_desk: Make) -> None:
    desk = make_desk()
    await subscribed(desk, "trades")
    for socket in desk.world.sockets:
        socket.muted = True
    await desk.clock.advance(90)
    desk.world.stage.flow.rate = 0
    await desk.clock.advance(30)
    heard = [int(event.trade_id) for event in desk.heard if isinstance(event, Trade)]
    theirs = [trade.trade_id for trade in desk.world.venue.trades(SYMBOL)]
    assert "StreamRestored" in desk.kinds()
    assert sorted(heard) == [trade_id for trade_id in theirs if trade_id >= heard[0]]


async def test_a_stream_that_cannot_be_had_is_polled(make_desk: Make) -> None:
    desk = make_desk()
    await subscribed(desk, "quotes")
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 200
    for socket in list(desk.world.sockets):
        socket.end_by_venue(1001, "going away")
    since = len(desk.heard)
    await desk.clock.advance(60)
    (stale,) = told(desk, StreamStale, since)
    assert isinstance(stale, StreamStale)
    assert "not up" in stale.reason
    assert len(told(desk, Quote, since)) >= 4
