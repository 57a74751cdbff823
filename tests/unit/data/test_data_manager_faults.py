"""Rolling data through trouble: holes are filled once they can be, and what is closed stays closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pandas as pd
import pytest

from foxtrot.data.manager import DataManager
from foxtrot.model.events import Bar, BookUpdated, Ticker
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"
MINUTE = pd.Timedelta("1min")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", rate=10, history_days=4)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


@pytest.fixture
def data(desk: Desk) -> DataManager:
    return DataManager(desk.exchange, limits={"1m": 200})


# holes


def lose_candles(text: str) -> str:
    return '{"stream":"x@none","data":{}}' if '"kline"' in text else text


def keep(text: str) -> str:
    return text


async def without_candles(desk: Desk, data: DataManager) -> None:
    """Keep minutes, then let stream and requests fail for 200 s, and requests for 100 s more."""
    await desk.run(data.preload_1m_klines(SYMBOL))
    await desk.run(data.subscribe_1m_klines(SYMBOL))
    await desk.clock.advance(130)
    desk.world.tamper = lose_candles
    desk.faults.next["http"] = [Fault.REFUSED] * 1_000
    await desk.clock.advance(200)
    desk.world.tamper = keep
    await desk.clock.advance(100)


def candle_requests(desk: Desk) -> int:
    return sum(count for name, count in desk.world.requests.items() if "klines" in name)


def said(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "foxtrot.data" and words in r.getMessage()]


async def test_a_hole_whose_fetch_failed_is_tried_again_until_it_is_filled(
    desk: Desk, data: DataManager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "foxtrot.data")
    await without_candles(desk, data)
    assert data.holes("1m", SYMBOL)
    desk.faults.clear()
    await desk.clock.advance(300)
    assert data.holes("1m", SYMBOL) == []
    frame = data.get_buffer("1m", SYMBOL)
    assert set(frame["timestamp"].diff().dropna()) == {MINUTE}
    theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, "1m", limit=60))
    assert frame["close"].tolist()[-30:] == [bar.close for bar in theirs][-30:]
    assert len(said(caplog, "could not be fetched")) == 1
    assert len(said(caplog, "fetched after all")) == 1


async def test_a_hole_that_cannot_be_fetched_is_asked_for_ever_more_seldom_and_told_once(
    desk: Desk, data: DataManager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "foxtrot.data")
    await without_candles(desk, data)
    await desk.clock.advance(3_000)
    failed = [record.levelname for record in caplog.records if "could not be fetched" in record.getMessage()]
    assert failed[0] == "WARNING"
    assert set(failed[1:]) == {"DEBUG"}
    assert 5 <= len(failed) <= 9
    assert data.holes("1m", SYMBOL)
    desk.faults.clear()
    await desk.clock.advance(960)
    assert data.holes("1m", SYMBOL) == []


async def test_a_closed_manager_does_not_try_any_more(desk: Desk, data: DataManager) -> None:
    await without_candles(desk, data)
    await desk.run(data.close_websockets())
    desk.faults.clear()
    asked = candle_requests(desk)
    await desk.run(desk.exchange.subscribe_ohlcv(SYMBOL, "1m"))
    await desk.clock.advance(600)
    assert data.holes("1m", SYMBOL)
    assert candle_requests(desk) == asked


# closing


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.parquet"))


def rows(data: DataManager) -> dict[str, int]:
    return {kind: len(data.get_buffer(kind, SYMBOL)) for kind in ("1m", "order_book", "ticker")}


async def subscribed(desk: Desk, data: DataManager) -> None:
    await desk.run(data.subscribe_1m_klines(SYMBOL))
    await desk.run(data.subscribe_order_book(SYMBOL))
    await desk.run(data.subscribe_ticker(SYMBOL))
    await desk.clock.advance(70)


async def everything(desk: Desk) -> None:
    """Subscribe as somebody else."""
    exchange = desk.exchange
    for subscribe in (exchange.subscribe_ohlcv, exchange.subscribe_order_book, exchange.subscribe_ticker):
        await desk.run(subscribe(SYMBOL))


async def test_closing_after_a_disconnect_ends_everything_without_an_error(
    desk: Desk, data: DataManager, tmp_path: Path
) -> None:
    kept = DataManager(desk.exchange, folder=tmp_path)
    for one in (data, kept):
        await subscribed(desk, one)
    looking = asyncio.ensure_future(kept.check_new_1h_kline())
    await desk.run(desk.exchange.disconnect())
    for one in (data, kept, data, kept):
        await desk.run(one.close_websockets())
    await desk.run(looking)
    assert files_in(tmp_path) == ["1m.parquet", "order_book.parquet", "ticker.parquet"]
    before = rows(data), rows(kept)
    await desk.run(desk.exchange.connect())
    await everything(desk)
    await desk.clock.advance(130)
    assert (rows(data), rows(kept)) == before


async def test_closing_after_a_reconnect_takes_nothing_from_others(desk: Desk, data: DataManager) -> None:
    await subscribed(desk, data)
    await desk.run(desk.exchange.disconnect())
    await desk.run(desk.exchange.connect())
    await everything(desk)
    await desk.run(data.close_websockets())
    before, start = rows(data), len(desk.heard)
    await desk.clock.advance(130)
    told = {type(event) for event in desk.heard[start:]}
    assert told >= {Bar, BookUpdated, Ticker}
    assert rows(data) == before


async def test_an_old_check_does_not_come_to_life_again(desk: Desk, data: DataManager) -> None:
    await desk.run(data.preload_1h_klines(SYMBOL))
    old = asyncio.ensure_future(data.check_new_1h_kline())
    await desk.clock.advance(5)
    await desk.run(data.close_websockets())
    await desk.run(data.subscribe_ticker(SYMBOL))
    await desk.clock.advance(5)
    assert old.done()
    new = asyncio.ensure_future(data.check_new_1h_kline())
    await desk.clock.advance(5)
    assert not new.done()
    await desk.run(data.close_websockets())
    await desk.run(new)
