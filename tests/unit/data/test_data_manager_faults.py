"""Rolling data through trouble: holes are filled once they can be, and what is closed stays closed."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pandas as pd
import pytest

from foxtrot.data.manager import DataManager
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
