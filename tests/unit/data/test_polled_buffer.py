"""What was asked for in a silent stream's stead gets into the buffers, with a true time and ids of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pandas as pd
import pytest

from foxtrot.data.buffers import Buffer, BufferKind
from foxtrot.data.manager import DataManager
from foxtrot.model.events import BookUpdated, Event, Ticker
from foxtrot.spec import AdapterSpec
from foxtrot.testkit.desk import Desk
from foxtrot.testkit.scenarios.shares import families

S = 1_000_000_000
EVENTS: dict[str, type[Event]] = {"ticker": Ticker, "order_book": BookUpdated}
FAMILIES = pytest.mark.parametrize("spec", families(), ids=lambda spec: spec.name)


def ticker(seq: int, *, ts_event: int = 0, ts_recv: int = 0, last: float = 1.0) -> Ticker:
    return Ticker("venue", "BTC/USDT", ts_event, ts_recv, seq, last, *[1.0] * 11)


@pytest.fixture
async def desk(spec: AdapterSpec) -> AsyncIterator[Desk]:
    made = Desk(spec, rate=10)
    await made.run(made.exchange.connect())
    yield made
    await made.close()


def cut_off(desk: Desk) -> None:
    """Let no connection be had: only REST is left."""
    desk.cut(refused=500)


def mute(desk: Desk) -> None:
    """Let streams answer, and bring no news."""
    desk.world.muted = True


def mend(desk: Desk) -> None:
    desk.faults.clear()
    desk.world.muted = False


@FAMILIES
@pytest.mark.parametrize(("kind", "trouble"), [("ticker", cut_off), ("ticker", mute), ("order_book", mute)])
async def test_buffers_go_on_while_a_stream_brings_nothing(
    desk: Desk, kind: str, trouble: Callable[[Desk], None], tmp_path: Path
) -> None:
    limits, symbol, event = {"order_book": 4_000}, desk.symbol, EVENTS[kind]
    data = DataManager(desk.exchange, limits=limits, folder=tmp_path)
    key = "event_id" if kind == "ticker" else "update_id"
    await desk.run(data.subscribe_ticker(symbol))
    await desk.run(data.subscribe_order_book(symbol))
    await desk.clock.advance(20)
    trouble(desk)
    start = len(desk.heard)
    await desk.clock.advance(300)
    now, told = pd.Timestamp(desk.clock.time_ns(), tz="UTC"), [e for e in desk.heard[start:] if type(e) is event]
    frame = data.get_buffer(kind, symbol)
    assert len(told) >= 5
    assert now - frame["timestamp"].iloc[-1] < pd.Timedelta("40s")
    assert now - frame["timestamp"].min() < pd.Timedelta("10min")
    assert frame[key][frame["timestamp"] > now - pd.Timedelta("250s")].nunique() >= len(told) * 0.8
    mend(desk)
    await desk.clock.advance(60)
    frame = data.get_buffer(kind, symbol)
    assert frame[key].iloc[-1] > 0  # the stream's own ids again
    assert not frame.duplicated([key] if kind == "ticker" else [key, "side", "level"]).any()
    await desk.run(data.close_websockets())
    again = DataManager(desk.exchange, limits=limits, folder=tmp_path)
    pd.testing.assert_frame_equal(again.get_buffer(kind, symbol), frame)


def test_a_ticker_without_the_venues_time_has_ours_and_an_id_below_zero() -> None:
    buffer = Buffer(BufferKind.TICKER, 10)
    buffer.add_ticker(ticker(1, ts_event=50 * S), 99 * S)
    buffer.add_ticker(ticker(2, ts_recv=60 * S), 99 * S)
    buffer.add_ticker(ticker(3), 61 * S)
    rows = buffer.rows()
    assert rows["timestamp"].tolist() == [50 * S, 60 * S, 61 * S]
    assert rows["event_id"].tolist() == [50_000, -60_000, -61_000]


def test_an_event_that_comes_twice_is_one_row_and_two_of_one_moment_are_two() -> None:
    buffer = Buffer(BufferKind.TICKER, 10)
    for event in (ticker(1), ticker(1), ticker(2, last=2.0), ticker(2, last=2.0)):
        buffer.add_ticker(event, 60 * S)
    buffer.add_ticker(ticker(3, ts_event=50 * S), 70 * S)
    buffer.add_ticker(ticker(4, ts_event=50 * S), 70 * S)
    rows = buffer.rows()
    assert rows["last_price"].tolist() == [1.0, 2.0, 1.0]
    assert rows["event_id"].tolist() == [-60_000, -60_001, 50_000]


def test_kept_rows_come_back_in_their_order_and_their_ids_are_known() -> None:
    first, again = Buffer(BufferKind.TICKER, 10), Buffer(BufferKind.TICKER, 10)
    for event in (ticker(1, ts_event=50 * S), ticker(2), ticker(3, ts_event=70 * S), ticker(4)):
        first.add_ticker(event, 60 * S)
    again.merge(first.rows())
    again.add_ticker(ticker(9, ts_event=70 * S), 80 * S)
    again.add_ticker(ticker(10), 60 * S)
    assert again.rows()["event_id"].tolist() == [50_000, -60_000, 70_000, -60_001, -60_002]
