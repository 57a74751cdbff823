"""Candles of a second: one venue of the family has them, the other is not even asked."""

from __future__ import annotations

import pytest

from foxtrot.data.bars import BarBuilder
from foxtrot.errors import UnsupportedError
from foxtrot.model.events import Bar, HistoryGap, Trade
from foxtrot.testkit.desk import Desk

SECOND = 10**9


async def test_where_there_are_none_the_venue_is_not_asked() -> None:
    desk = Desk("binanceus")
    await desk.run(desk.exchange.connect())
    asked = desk.world.asked
    with pytest.raises(UnsupportedError, match="binanceus has no candles of 1s; it has 1m, 3m"):
        await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "1s", limit=5))
    with pytest.raises(UnsupportedError, match="binanceus has no candles of 1s"):
        await desk.run(desk.exchange.subscribe_ohlcv(desk.symbol, "1s"))
    assert desk.world.asked == asked
    await desk.close()


async def test_where_there_are_some_trades_stream_and_history_agree_on_them() -> None:
    desk = Desk("binance", rate=5, history_days=1)
    await desk.run(desk.exchange.connect())
    await desk.run(desk.exchange.subscribe_trades(desk.symbol))
    await desk.run(desk.exchange.subscribe_ohlcv(desk.symbol, "1s"))
    await desk.clock.advance(150)
    streamed = {b.open_time: b for b in desk.heard if isinstance(b, Bar) and b.closed}
    first, last = min(streamed), max(streamed)
    assert list(streamed) == list(range(first, last + 1, SECOND))
    builder, made = BarBuilder("1s"), dict[int, Bar]()
    for event in desk.heard:
        if isinstance(event, Trade):
            made |= {bar.open_time: bar for bar in builder.add(event)}
    fetched = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "1s", start=first, end=last))
    assert [prices(bar) for bar in fetched] == [prices(bar) for bar in streamed.values()]
    both = sorted(made.keys() & streamed.keys())[1:]
    assert len(both) > 100
    assert [prices(made[opened]) for opened in both] == [prices(streamed[opened]) for opened in both]
    assert {streamed[opened].trades == 0 for opened in both} == {True, False}
    await desk.close()


def prices(bar: Bar) -> tuple[float, ...]:
    return bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades


async def test_a_long_range_of_seconds_comes_without_a_hole() -> None:
    desk = Desk("binance", history_days=1)
    await desk.run(desk.exchange.connect())
    start = desk.clock.time_ns() // SECOND * SECOND - 7_200 * SECOND
    bars = await desk.run(desk.exchange.fetch_ohlcv(desk.symbol, "1s", start=start))
    assert [bar.open_time for bar in bars] == list(range(start, start + 7_200 * SECOND, SECOND))[: len(bars)]
    assert len(bars) >= 7_199
    assert [e for e in desk.heard if isinstance(e, HistoryGap)] == []
    await desk.close()
