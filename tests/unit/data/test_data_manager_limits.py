"""What a DataManager is asked for is given wholly, or refused with the value and the way out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from foxtrot.data.manager import DataManager
from foxtrot.errors import InvalidRequest
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", rate=10, history_days=1)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


@pytest.fixture
def data(desk: Desk) -> DataManager:
    return DataManager(desk.exchange)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.parquet"))


# wishes that make no sense


async def test_more_candles_than_the_buffer_holds_are_refused_with_the_way_out(desk: Desk) -> None:
    data = DataManager(desk.exchange)
    sentence = r"The buffer of 1m holds 60 rows, not 600; make it larger: DataManager\(.*limits=\{'1m': 600\}\)"
    with pytest.raises(InvalidRequest, match=sentence):
        await data.preload_1m_klines(SYMBOL, minutes=600)
    larger = DataManager(desk.exchange, limits={"1m": 600})
    await desk.run(larger.preload_1m_klines(SYMBOL, minutes=600))
    assert len(larger.get_buffer("1m", SYMBOL)) == 600


async def test_without_a_number_a_preload_fetches_what_its_buffer_holds_and_at_most_the_usual(desk: Desk) -> None:
    for limit, found in ((7, 7), (200, 60)):
        data = DataManager(desk.exchange, limits={"1m": limit})
        await desk.run(data.preload_1m_klines(SYMBOL))
        assert len(data.get_buffer("1m", SYMBOL)) == found
    with pytest.raises(InvalidRequest, match="holds 7 rows, not 60"):
        await DataManager(desk.exchange, limits={"1m": 7}).preload_1m_klines(SYMBOL, minutes=60)


@pytest.mark.parametrize("value", [2.5, "60", True, float("nan"), [60]])
async def test_a_number_that_is_none_is_refused_with_the_value(desk: Desk, data: DataManager, value: Any) -> None:
    said = re.escape(repr(value))
    with pytest.raises(InvalidRequest, match=f"whole number of candles, not {said}"):
        await data.preload_1m_klines(SYMBOL, minutes=value)
    with pytest.raises(InvalidRequest, match=f"whole number of candles, not {said}"):
        await data.preload_1h_klines(SYMBOL, hours=value)
    with pytest.raises(InvalidRequest, match=f"limits: 1m must be a whole number of rows, not {said}"):
        DataManager(desk.exchange, limits={"1m": value})


@pytest.mark.parametrize("value", ["60", None, float("nan"), float("inf"), 0, -1])
async def test_an_interval_that_is_none_is_refused_with_the_value(data: DataManager, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"interval must be above 0 s, not {value!r}"):
        await data.check_new_1h_kline(interval=value)


@pytest.mark.parametrize("limits", [[("1m", 60)], "1m", 60])
async def test_limits_that_are_no_table_are_refused(desk: Desk, limits: Any) -> None:
    with pytest.raises(InvalidRequest, match="limits must be a table"):
        DataManager(desk.exchange, limits=limits)


async def test_a_folder_that_is_text_or_no_path_is_taken_or_refused(desk: Desk, tmp_path: Path) -> None:
    data = DataManager(desk.exchange, folder=str(tmp_path))
    await desk.run(data.preload_1m_klines(SYMBOL))
    await desk.run(data.close_websockets())
    assert files_in(tmp_path) == ["1m.parquet"]
    with pytest.raises(InvalidRequest, match="folder must be a path, not 5"):
        DataManager(desk.exchange, folder=5)  # type: ignore[arg-type]


async def test_holes_are_those_of_candles_only(data: DataManager) -> None:
    with pytest.raises(InvalidRequest, match="order_book has no holes; they are of 1m, 1h, 1d"):
        data.holes("order_book", SYMBOL)


# whole updates


@pytest.mark.parametrize("limit", [90, 100, 119])
async def test_a_limit_between_two_updates_keeps_whole_updates_only(desk: Desk, limit: int) -> None:
    data = DataManager(desk.exchange, limits={"order_book": limit})
    await desk.run(data.subscribe_order_book(SYMBOL))
    await desk.clock.advance(30)
    frame = data.get_buffer("order_book", SYMBOL)
    sizes = frame.groupby("update_id").size().tolist()
    assert sizes == [40, 40]
    assert frame["side"].tolist() == (["bid"] * 20 + ["ask"] * 20) * 2


async def test_a_buffer_too_small_for_one_update_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidRequest, match="order_book must be at least 40 rows, one whole update, not 30"):
        DataManager(desk.exchange, limits={"order_book": 30})
