"""Events in Parquet are those that were published, for us and for every tool that reads Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import polars
import pytest

from foxtrot.clock import SystemClock
from foxtrot.data.event_player import replay_events
from foxtrot.data.parquet import EventRecorder, event_files
from foxtrot.data.rows import KINDS
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import ConfigError
from foxtrot.model.events import (
    AdapterState,
    Bar,
    BookInvalidated,
    BookUpdated,
    Event,
    HistoryGap,
    MarketEvent,
    Quote,
    StateChanged,
    StreamRestored,
    StreamStale,
    Ticker,
    Trade,
    TradesFilled,
    TradesMissed,
)
from foxtrot.model.order import Side

AT = 1_795_219_199_999_999_999  # one ns before a new day, UTC
INF = float("inf")
HEAD = ("toy", "BTC/USDT", AT - 5, AT)
EVENTS: list[MarketEvent] = [
    Quote(*HEAD, 1, 0.1, 1e-8, 123456.789012345, 3.0, 77),
    Trade(*HEAD, 2, 9_007_199_254_740_993, 0.1, 0.2, Side.BUY),
    Trade(*HEAD, 3, "0017", 5e-324, 1.7976931348623157e308, Side.SELL),
    BookUpdated("toy", "BTC/USDT", 0, 0, 4, 8, [(1.0, 2.0), (0.5, 1.0)], [], 1.0, 2.0, INF, 0.0, True),
    BookUpdated(*HEAD, 5, 9, [(1.0, 0.0)], [(3.0, 4.0)], 0.5, 1.0, 3.0, 4.0),
    BookUpdated(*HEAD, 6, 10, [], [], 0.5, 1.0, 3.0, 4.0),
    BookUpdated(*HEAD, 7, 11, [], [(3.0, 5.0)], 0.5, 1.0, 3.0, 5.0),
    BookInvalidated(*HEAD, 8, "gap: update 13 follows 11"),
    Ticker("toy", "ETH/USDT", AT, AT, 9, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, -12.5, 13),
    Bar("toy", "ETH/USDT", AT, AT + 1, 10, "1m", AT - 59, 1.0, 2.0, 0.5, 1.5, 10.0, 15.0, -1, False),
    Trade("toy", "ETH/USDT:USDT-261225", AT, AT + 1, 11, 5, 1.0, 1.0, Side.BUY),
]


def record(folder: Path, events: list[MarketEvent], **settings: float) -> EventRecorder:
    engine = EventEngine(SystemClock())
    with EventRecorder(engine, folder, **settings) as recorder:  # type: ignore[arg-type]
        for event in events:
            engine.publish(event)
    return recorder


async def replayed(path: Path) -> list[Event]:
    found: list[Event] = []
    engine = EventEngine(SystemClock())
    engine.subscribe(Event, found.append)
    async with engine:
        report = await replay_events(path, engine)
    assert report.events == len(found)
    return found


def many(count: int) -> list[MarketEvent]:
    return [Trade("toy", "A/USD", n, AT + n, n, n, float(n), 1.0, Side.BUY) for n in range(1, count + 1)]


@pytest.mark.parametrize("rows", [1, 2, 3, 100_000])
async def test_every_event_comes_back_equal_and_in_its_order_however_it_was_cut_into_parts(
    tmp_path: Path, rows: int
) -> None:
    record(tmp_path, EVENTS, rows=rows)
    assert await replayed(tmp_path) == EVENTS


def test_files_lie_where_venue_kind_symbol_and_date_say(tmp_path: Path) -> None:
    recorder = record(tmp_path, EVENTS)
    folders = {str(path.parent.relative_to(tmp_path)) for path in recorder.files}
    assert "venue=toy/kind=trade/symbol=BTC-USDT/date=2026-11-20" in folders
    assert "venue=toy/kind=bar/symbol=ETH-USDT/date=2026-11-21" in folders
    assert {name.split("/")[1] for name in folders} == {
        f"kind={kind}" for kind in ("quote", "trade", "ticker", "bar", "book", "book_invalidated")
    }
    # A snapshot carries no time of its own; it lies with its neighbours, not in 1970.
    assert not [name for name in folders if "date=1970" in name]


def test_nothing_but_whole_parts_is_left_behind(tmp_path: Path) -> None:
    recorder = record(tmp_path, EVENTS)
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(recorder.files)


async def test_no_buffered_row_is_lost_on_close_and_what_comes_after_it_is_not_recorded(tmp_path: Path) -> None:
    engine = EventEngine(SystemClock())
    recorder = EventRecorder(engine, tmp_path, rows=400, every_s=3_600)
    for event in many(1_001):
        engine.publish(event)
    recorder.close()
    engine.publish(EVENTS[0])
    recorder.close()
    assert await replayed(tmp_path) == many(1_001)
    assert (recorder.events, recorder.dropped) == (1_001, 0)


async def test_a_second_recording_in_the_same_folder_follows_the_first(tmp_path: Path) -> None:
    record(tmp_path, many(5))
    record(tmp_path, EVENTS)
    assert await replayed(tmp_path) == many(5) + EVENTS


async def test_symbols_that_are_written_alike_in_paths_stay_apart(tmp_path: Path) -> None:
    alike: list[MarketEvent] = [
        Trade("toy", symbol, AT, AT, n, n, 1.0, 1.0, Side.BUY) for n, symbol in enumerate(["A/B", "A-B", "A:B", "A/B"])
    ]
    record(tmp_path, alike)
    assert await replayed(tmp_path) == alike


async def test_one_partition_or_one_file_can_be_replayed_alone(tmp_path: Path) -> None:
    recorder = record(tmp_path, EVENTS)
    trades = [event for event in EVENTS if isinstance(event, Trade) and event.symbol == "BTC/USDT"]
    assert await replayed(tmp_path / "venue=toy" / "kind=trade" / "symbol=BTC-USDT") == trades
    (quotes,) = [path for path in recorder.files if "kind=quote" in str(path)]
    assert await replayed(quotes) == EVENTS[:1]


async def test_events_of_other_kinds_are_no_market_data(tmp_path: Path) -> None:
    engine = EventEngine(SystemClock())
    with EventRecorder(engine, tmp_path) as recorder:
        engine.publish(StateChanged("toy", "", 0, AT, 1, AdapterState.READY, AdapterState.DEGRADED, "x"))
    assert (recorder.events, recorder.files) == (0, [])


def test_duckdb_reads_the_folder_as_it_is(tmp_path: Path) -> None:
    record(tmp_path, [*EVENTS, *many(1_000)], rows=300)
    files = f"read_parquet('{tmp_path}/**/*.parquet', hive_partitioning = true, union_by_name = true)"
    found = duckdb.sql(
        f"select count(*), sum(price), max(epoch_ns(ts_recv)) from {files} where kind = 'trade' and symbol = 'A-USD'"
    ).fetchall()
    assert found == [(1_000, 500_500.0, AT + 1_000)]
    days = duckdb.sql(f"select distinct venue, date from {files} where kind = 'trade' order by date").fetchall()
    assert [(venue, str(date)) for venue, date in days] == [("toy", "2026-11-20"), ("toy", "2026-11-21")]
    assert duckdb.sql(
        f"select side, price, quantity from {files} where kind = 'book' and update_id = 9"
    ).fetchall() == [
        ("bid", 1.0, 0.0),
        ("ask", 3.0, 4.0),
    ]


def test_polars_reads_the_folder_as_it_is(tmp_path: Path) -> None:
    record(tmp_path, [*EVENTS, *many(1_000)], rows=300)
    trades = polars.scan_parquet(tmp_path / "venue=toy/kind=trade/**/*.parquet", hive_partitioning=True)
    found = trades.filter(polars.col("symbol") == "A-USD").select(polars.len(), polars.sum("price")).collect()
    assert found.row(0) == (1_000, 500_500.0)
    schema = trades.collect_schema()
    assert schema["ts_recv"] == polars.Datetime("ns", "UTC")
    assert {"trade_id", "price", "quantity", "side", "symbol", "date"} <= set(schema.names())


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'foxtrot\[parquet\]'"):
        EventRecorder(EventEngine(SystemClock()), tmp_path)


async def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no recorded events"):
        event_files(tmp_path)
    odd = tmp_path / "part-1.parquet"
    odd.write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="is no part of a recording"):
        await replayed(tmp_path)
    polars.DataFrame({"a": [1]}).write_parquet(odd)
    with pytest.raises(ConfigError, match="is no part of a recording"):
        await replayed(odd)


def test_a_folder_that_cannot_be_written_is_raised_at_close(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    engine = EventEngine(SystemClock())
    recorder = EventRecorder(engine, tmp_path / "file")
    engine.publish(EVENTS[0])
    with pytest.raises(ConfigError, match=r"recording of events in .* could not be written"):
        recorder.close()
    assert recorder.failure is not None


TOLD: list[MarketEvent] = [
    StreamStale("toy", "BTC/USDT", 0, AT, 1, "ohlcv", "1m", 61.5, "nothing came"),
    StreamRestored("toy", "BTC/USDT", 0, AT, 2, "quotes", "", 90.25),
    TradesMissed("toy", "BTC/USDT", 0, AT, 3, 5, 9),
    TradesFilled("toy", "BTC/USDT", 0, AT, 4, 5, 9, 1, "the venue cannot be reached"),
    HistoryGap("toy", "BTC/USDT", 0, AT, 5, "1m", AT - 60, AT, "at its end"),
]


async def test_what_is_told_about_streams_and_history_is_recorded_like_all_else(tmp_path: Path) -> None:
    recorder = record(tmp_path, [*EVENTS, *TOLD])
    assert await replayed(tmp_path) == [*EVENTS, *TOLD]
    assert (recorder.events, recorder.skipped) == (len(EVENTS) + len(TOLD), 0)


def test_there_is_a_kind_of_rows_for_each_market_event() -> None:
    assert set(MarketEvent.__subclasses__()) - {Funding} == set(KINDS)


class Funding(MarketEvent, frozen=True, gc=False):
    """An event of an adapter's own."""

    rate: float


async def test_an_event_that_nobody_knows_how_to_write_is_counted(tmp_path: Path) -> None:
    recorder = record(tmp_path, [EVENTS[0], Funding("toy", "BTC/USDT", 0, AT, 1, 0.01)])
    assert (recorder.events, recorder.skipped, recorder.dropped) == (1, 1, 0)
    assert await replayed(tmp_path) == EVENTS[:1]
