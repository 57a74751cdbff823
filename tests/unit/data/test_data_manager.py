"""Rolling data as frames: the stated columns, types and limits, no duplicate, no hole, and a restart that goes on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pandas as pd
import pytest

from foxtrot.data.manager import DataManager
from foxtrot.errors import ConfigError, InvalidRequest, StateError, UnknownSymbol
from foxtrot.model.events import BookUpdated, Ticker
from foxtrot.sandbox.faults import Fault
from foxtrot.testkit.desk import Desk

SYMBOL = "BTC/USDT"

KLINES = ["timestamp", "open", "high", "low", "close", "volume"]
BOOK = ["timestamp", "update_id", "side", "level", "price", "quantity"]
TICKER = [
    "timestamp",
    "event_id",
    "best_bid",
    "bid_qty",
    "best_ask",
    "ask_qty",
    "last_price",
    "last_qty",
    "volume_24h",
    "quote_volume_24h",
]
MINUTE, HOUR, DAY = pd.Timedelta("1min"), pd.Timedelta("1h"), pd.Timedelta("1D")


@pytest.fixture
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    made = Desk("binanceus", rate=10, history_days=getattr(request, "param", 4))
    await made.run(made.exchange.connect())
    yield made
    await made.close()


@pytest.fixture
def data(desk: Desk) -> DataManager:
    return DataManager(desk.exchange)


def now(desk: Desk) -> pd.Timestamp:
    return pd.Timestamp(desk.clock.time_ns(), unit="ns", tz="UTC")


def broken(folder: Path) -> None:
    (file,) = folder.rglob("*.parquet")
    file.write_bytes(b"PAR1 broken")


Preload = Callable[[DataManager], Awaitable[None]]


@pytest.mark.parametrize(
    ("desk", "kind", "step", "rows", "preload"),
    [
        (4, "1m", MINUTE, 60, lambda data: data.preload_1m_klines(SYMBOL)),
        (4, "1h", HOUR, 72, lambda data: data.preload_1h_klines(SYMBOL)),
        (70, "1d", DAY, 60, lambda data: data.preload_1d_klines(SYMBOL)),
        (4, "1m", MINUTE, 10, lambda data: data.preload_1m_klines(SYMBOL, "binanceus", minutes=10)),
    ],
    indirect=["desk"],
)
async def test_preloaded_candles_are_the_last_finished_ones_without_a_hole(
    desk: Desk, data: DataManager, kind: str, step: pd.Timedelta, rows: int, preload: Preload
) -> None:
    await desk.run(preload(data))
    frame = data.get_buffer(kind, SYMBOL)
    assert list(frame.columns) == KLINES
    assert str(frame.dtypes["timestamp"]) == "datetime64[ns, UTC]"
    assert set(map(str, frame.dtypes[KLINES[1:]])) == {"float64"}
    assert len(frame) == rows
    assert set(frame["timestamp"].diff().dropna()) == {step}
    assert frame["timestamp"].iloc[-1] + step <= now(desk) < frame["timestamp"].iloc[-1] + 2 * step
    assert data.holes(kind, SYMBOL) == []


async def test_live_candles_are_final_join_the_preloaded_ones_and_the_oldest_go(desk: Desk, data: DataManager) -> None:
    await desk.run(data.preload_1m_klines(SYMBOL))
    first = data.get_buffer("1m", SYMBOL)["timestamp"].iloc[0]
    await desk.run(data.subscribe_1m_klines(SYMBOL))
    await desk.clock.advance(300)
    frame = data.get_buffer("1m", SYMBOL)
    assert len(frame) == 60
    assert frame["timestamp"].iloc[0] == first + 5 * MINUTE
    assert set(frame["timestamp"].diff().dropna()) == {MINUTE}
    assert frame["timestamp"].iloc[-1] + MINUTE <= now(desk)
    theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, "1m", limit=60))
    assert frame["close"].tolist() == [bar.close for bar in theirs]
    assert frame["volume"].tolist() == [bar.volume for bar in theirs]


async def test_candles_missed_while_the_stream_was_down_are_fetched(desk: Desk, data: DataManager) -> None:
    await desk.run(data.preload_1m_klines(SYMBOL))
    await desk.run(data.subscribe_1m_klines(SYMBOL))
    desk.faults.next["handshake"] = [Fault.SOCKET_REFUSED] * 12
    for socket in list(desk.world.sockets):
        socket.end_by_venue(1001, "going away")
    await desk.clock.advance(600)
    frame = data.get_buffer("1m", SYMBOL)
    assert set(frame["timestamp"].diff().dropna()) == {MINUTE}
    assert frame["timestamp"].iloc[-1] + 3 * MINUTE > now(desk)


async def test_books_are_rows_of_twenty_levels_a_side_best_first(desk: Desk, data: DataManager) -> None:
    await desk.run(data.subscribe_order_book(SYMBOL))
    await desk.clock.advance(30)
    frame = data.get_buffer("order_book", SYMBOL)
    assert list(frame.columns) == BOOK
    assert 960 < len(frame) <= 1_000  # whole updates, each of 40 rows or, in a thin market, fewer
    for _, update in frame.groupby("update_id"):
        bids, asks = ((update["side"] == side).sum() for side in ("bid", "ask"))
        assert update["level"].tolist() == [*range(1, bids + 1), *range(1, asks + 1)]
    book = desk.exchange.market_data.order_book(SYMBOL, 20)
    assert book is not None
    newest = frame[frame["update_id"] == book.update_id]
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        rows = newest[newest["side"] == side]
        assert rows["level"].tolist() == list(range(1, len(levels) + 1))
        assert list(zip(rows["price"], rows["quantity"], strict=True)) == list(levels)
    assert not frame.duplicated(["update_id", "side", "level"]).any()
    heard = {event.update_id for event in desk.heard if isinstance(event, BookUpdated)}
    assert set(frame["update_id"]) <= heard


async def test_tickers_are_the_venues_each_once(desk: Desk, data: DataManager) -> None:
    await desk.run(data.subscribe_ticker(SYMBOL))
    await desk.clock.advance(60)
    frame = data.get_buffer("ticker", SYMBOL)
    heard = [event for event in desk.heard if isinstance(event, Ticker)]
    assert list(frame.columns) == TICKER
    assert len(frame) >= 30
    assert frame["event_id"].is_unique
    assert frame["last_price"].tolist() == [ticker.last for ticker in heard]
    assert frame["quote_volume_24h"].tolist() == [ticker.quote_volume for ticker in heard]


async def test_new_hours_are_found_by_looking(desk: Desk, data: DataManager) -> None:
    await desk.run(data.preload_1h_klines(SYMBOL))
    last = data.get_buffer("1h", SYMBOL)["timestamp"].iloc[-1]
    looking = asyncio.ensure_future(data.check_new_1h_kline(interval=60))
    desk.faults.next["http"] = [None, Fault.REFUSED, Fault.REFUSED]
    for _ in range(4):
        await desk.clock.advance(1_830)
    assert data.get_buffer("1h", SYMBOL)["timestamp"].iloc[-1] == last + 2 * HOUR
    await desk.run(data.close_websockets())
    await desk.run(looking)


async def test_a_frame_is_a_copy(desk: Desk, data: DataManager) -> None:
    await desk.run(data.preload_1m_klines(SYMBOL))
    frame = data.get_buffer("1m", SYMBOL)
    frame["close"] = 0.0
    assert (data.get_buffer("1m", SYMBOL)["close"] > 0).all()


async def test_limits_may_be_other_ones(desk: Desk) -> None:
    data = DataManager([desk.exchange], limits={"1m": 7})
    await desk.run(data.preload_1m_klines(SYMBOL))
    assert len(data.get_buffer("1m", SYMBOL)) == 7


async def test_after_a_restart_only_what_is_missing_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    first = DataManager(desk.exchange, folder=tmp_path)
    await desk.run(first.preload_1m_klines(SYMBOL))
    await desk.run(first.subscribe_order_book(SYMBOL))
    await desk.run(first.subscribe_ticker(SYMBOL))
    await desk.clock.advance(5)
    await desk.run(first.close_websockets())
    kept = {kind: first.get_buffer(kind, SYMBOL) for kind in ("order_book", "ticker")}
    await desk.clock.advance(600)
    asked = list(desk.world.requests.elements())
    again = DataManager(desk.exchange, folder=tmp_path)
    await desk.run(again.preload_1m_klines(SYMBOL))
    assert len(list(desk.world.requests.elements())) - len(asked) == 1
    frame = again.get_buffer("1m", SYMBOL)
    assert len(frame) == 60
    assert set(frame["timestamp"].diff().dropna()) == {MINUTE}
    assert frame["timestamp"].iloc[-1] + MINUTE <= now(desk) < frame["timestamp"].iloc[-1] + 2 * MINUTE
    theirs = await desk.run(desk.exchange.fetch_ohlcv(SYMBOL, "1m", limit=60))
    assert frame["close"].tolist() == [bar.close for bar in theirs]
    for kind, before in kept.items():
        pd.testing.assert_frame_equal(again.get_buffer(kind, SYMBOL), before)


async def test_a_file_that_cannot_be_read_is_named(desk: Desk, tmp_path: Path) -> None:
    data = DataManager(desk.exchange, folder=tmp_path)
    await desk.run(data.preload_1m_klines(SYMBOL))
    data.save()
    broken(tmp_path)
    with pytest.raises(ConfigError, match="delete it"):
        DataManager(desk.exchange, folder=tmp_path).get_buffer("1m", SYMBOL)


async def test_closing_ends_the_streams_and_leaves_the_exchange_connected(desk: Desk, data: DataManager) -> None:
    await desk.run(data.subscribe_ticker(SYMBOL))
    await desk.clock.advance(5)
    await desk.run(data.close_websockets())
    rows = len(data.get_buffer("ticker", SYMBOL))
    await desk.clock.advance(20)
    assert len(data.get_buffer("ticker", SYMBOL)) == rows
    assert await desk.run(desk.exchange.fetch_ticker(SYMBOL))


async def test_without_pandas_there_is_one_clear_sentence(
    desk: Desk, data: DataManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConfigError, match=r"need pandas; install it with: pip install 'foxtrot\[data\]'"):
        data.get_buffer("1m", SYMBOL)


async def test_nonsense_is_refused_with_the_value(desk: Desk, data: DataManager) -> None:
    with pytest.raises(InvalidRequest, match="'2m' is no buffer; they are 1m, 1h, 1d, order_book, ticker"):
        data.get_buffer("2m", SYMBOL)
    with pytest.raises(UnknownSymbol):
        data.get_buffer("1m", "BTCUSDT")
    with pytest.raises(InvalidRequest, match="binanceus"):
        data.get_buffer("1m", SYMBOL, "elsewhere")
    with pytest.raises(InvalidRequest, match="at least 1 candle, not 0"):
        await data.preload_1m_klines(SYMBOL, minutes=0)
    with pytest.raises(InvalidRequest, match="interval must be above 0"):
        await data.check_new_1h_kline(interval=0)
    with pytest.raises(InvalidRequest, match="different names"):
        DataManager([desk.exchange, desk.exchange])
    with pytest.raises(InvalidRequest, match="at least 1 row, not 0"):
        DataManager(desk.exchange, limits={"1m": 0}).get_buffer("1m", SYMBOL)


async def test_an_exchange_that_is_not_connected_says_so() -> None:
    desk = Desk("binanceus")
    with pytest.raises(StateError, match="not connected"):
        await DataManager(desk.exchange).preload_1m_klines(SYMBOL)
