"""Buffers on disk: nothing overwrites what could not be read, and what belongs to another venue stays there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from foxtrot import get_exchange
from foxtrot.config import ExchangeConfig
from foxtrot.data.manager import DataManager
from foxtrot.data.places import place_name
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import ConfigError, StateError
from foxtrot.plugins import default_registry
from foxtrot.ports import VenueAccess
from foxtrot.protocol.codec import Endpoints
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.served import Served

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


def list_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def move(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True)
    file.rename(to)


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


# places


Config = dict[str, Any]


async def hours_kept_by(config: Config, folder: Path) -> tuple[list[float], list[float]]:
    """Preload hours through a folder; return what came out of it and what the venue says itself."""
    async with get_exchange("binanceus", config) as exchange:
        data = DataManager(exchange, folder=folder)
        await data.preload_1h_klines(SYMBOL)
        theirs = await exchange.fetch_ohlcv(SYMBOL, "1h", limit=72)
        await data.close_websockets()
        return data.get_buffer("1h", SYMBOL)["close"].tolist(), [bar.close for bar in theirs]


@pytest.mark.parametrize("seeds", [(1, 2), (1, 1)])
async def test_an_embedded_sandbox_never_reads_what_another_one_kept(tmp_path: Path, seeds: tuple[int, int]) -> None:
    for seed in seeds:
        config = {"sandbox": {"history_days": 4, "seed": seed}}
        kept, theirs = await hours_kept_by(config, tmp_path)
        assert kept == theirs
    assert len(list_files(tmp_path)) == 2


async def test_a_sandbox_that_runs_on_is_found_again(tmp_path: Path) -> None:
    async with await Served.start(default_registry().load("binanceus"), history_days=4) as served:
        for _ in range(2):
            kept, theirs = await hours_kept_by(served.settings(), tmp_path)
            assert kept == theirs
    (file,) = list_files(tmp_path)
    assert file.parts[-4:-2] == ("binanceus", f"sandbox-{served.sandbox.base.replace(':', '-')}")


def access(rest: str, *, redirect: bool = False) -> VenueAccess:
    return VenueAccess(Endpoints(rest=rest, stream="wss://stream.example", redirect=redirect))


def test_places_are_told_apart_by_environment_host_and_options() -> None:
    real = access("https://api.example")
    here, there = (access(f"http://127.0.0.1:{port}", redirect=True) for port in (80, 81))
    sandbox = ExchangeConfig()
    places = [
        place_name(ExchangeConfig(environment="live"), real),
        place_name(ExchangeConfig(environment="testnet"), real),
        place_name(sandbox, here),
        place_name(sandbox, there),
        place_name(ExchangeConfig(sandbox={"seed": 1}), here),
        place_name(ExchangeConfig(sandbox={"seed": 2}), here),
        place_name(ExchangeConfig(environment="live"), here),  # whatever was put in the venue's place is not live
    ]
    assert places[:4] == ["live", "testnet", "sandbox-127.0.0.1-80", "sandbox-127.0.0.1-81"]
    assert len(set(places)) == 7
    assert place_name(ExchangeConfig(sandbox={"seed": 1}), here) == places[4]


async def test_a_manager_refuses_another_venue_in_the_place_of_the_one_it_knows(tmp_path: Path) -> None:
    async with EventEngine() as engine:
        exchange = get_exchange("binanceus", {"sandbox": {"history_days": 1}}, engine=engine)
        data = DataManager(exchange, folder=tmp_path)
        async with exchange:
            await data.preload_1m_klines(SYMBOL)
            kept = data.get_buffer("1m", SYMBOL)
        async with exchange:  # embedded: another one is started
            with pytest.raises(StateError, match="make another DataManager"):
                await data.preload_1m_klines(SYMBOL)
            with pytest.raises(StateError, match="make another DataManager"):
                await data.subscribe_ticker(SYMBOL)
    pd.testing.assert_frame_equal(data.get_buffer("1m", SYMBOL), kept)


async def test_a_file_of_no_environment_is_not_read_and_that_is_said(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = DataManager(desk.exchange, folder=tmp_path)
    await desk.run(data.preload_1h_klines(SYMBOL))
    await desk.run(data.close_websockets())
    old = tmp_path / "binanceus" / "BTC-USDT" / "1h.parquet"
    move(only(tmp_path, "1h.parquet"), old)
    again = DataManager(desk.exchange, folder=tmp_path)
    assert again.get_buffer("1h", SYMBOL).empty
    (said,) = [record.getMessage() for record in caplog.records if str(old) in record.getMessage()]
    assert "is not read" in said
    assert "sandbox-" in said
    await desk.run(again.close_websockets())
    assert old in list_files(tmp_path)
