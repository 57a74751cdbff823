"""Buffers on disk: nothing overwrites what could not be read, and what belongs to another venue stays there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foxtrot.data.manager import DataManager
from foxtrot.errors import ConfigError
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"
BROKEN = b"PAR1 broken"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk("binanceus", rate=10, history_days=4)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


def only(folder: Path, name: str) -> Path:
    (file,) = folder.rglob(name)
    return file


async def damaged(desk: Desk, folder: Path) -> Path:
    """Leave a folder with kept minutes that are damaged and kept hours that are not."""
    data = DataManager(desk.exchange, folder=folder)
    await desk.run(data.preload_1m_klines(SYMBOL))
    await desk.run(data.preload_1h_klines(SYMBOL))
    await desk.run(data.close_websockets())
    file = only(folder, "1m.parquet")
    file.write_bytes(BROKEN)
    return file


async def test_a_damaged_file_is_told_at_every_use_and_never_overwritten(desk: Desk, tmp_path: Path) -> None:
    file = await damaged(desk, tmp_path)
    data = DataManager(desk.exchange, folder=tmp_path)
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"1m\.parquet cannot be read .* delete it"):
            data.get_buffer("1m", SYMBOL)
        with pytest.raises(ConfigError, match="delete it"):
            await desk.run(data.preload_1m_klines(SYMBOL))
        with pytest.raises(ConfigError, match="delete it"):
            await desk.run(data.subscribe_1m_klines(SYMBOL))
    data.save()
    await desk.run(data.close_websockets())
    assert file.read_bytes() == BROKEN


async def test_once_the_damaged_file_is_gone_the_same_manager_goes_on(desk: Desk, tmp_path: Path) -> None:
    file = await damaged(desk, tmp_path)
    data = DataManager(desk.exchange, folder=tmp_path)
    with pytest.raises(ConfigError, match="delete it"):
        data.get_buffer("1m", SYMBOL)
    file.unlink()
    await desk.run(data.preload_1m_klines(SYMBOL))
    await desk.run(data.close_websockets())
    assert len(DataManager(desk.exchange, folder=tmp_path).get_buffer("1m", SYMBOL)) == 60


async def test_a_damaged_file_keeps_no_other_buffer_from_being_loaded_and_written(desk: Desk, tmp_path: Path) -> None:
    await damaged(desk, tmp_path)
    data = DataManager(desk.exchange, folder=tmp_path)
    with pytest.raises(ConfigError):
        data.get_buffer("1m", SYMBOL)
    assert len(data.get_buffer("1h", SYMBOL)) == 72
    hours = only(tmp_path, "1h.parquet")
    hours.unlink()
    await desk.run(data.close_websockets())
    assert hours.exists()


async def test_a_file_whose_columns_hold_something_else_is_named_and_kept(desk: Desk, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = await damaged(desk, tmp_path)
    names = ("timestamp", "open", "high", "low", "close", "volume")
    pq.write_table(pa.table({name: ["yesterday"] for name in names}), file)
    before = file.read_bytes()
    data = DataManager(desk.exchange, folder=tmp_path)
    with pytest.raises(ConfigError, match=r"1m\.parquet cannot be read .* delete it"):
        data.get_buffer("1m", SYMBOL)
    await desk.run(data.close_websockets())
    assert file.read_bytes() == before
