"""A recording tells again what happened: the same every time, the same books, at the pace that is wanted."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from foxtrot.clock import SystemClock
from foxtrot.data.captures import Capture, contracts_of, import_capture
from foxtrot.data.frames import FrameWriter
from foxtrot.data.lines import Line
from foxtrot.data.player import ReplayReport, replay_frames
from foxtrot.engine.bus import EventEngine
from foxtrot.errors import AdapterNotFound, ConfigError, InvalidRequest
from foxtrot.model.contract import Contract
from foxtrot.model.events import BookInvalidated, BookUpdated, Event, MarketEvent, ProtocolErrorSeen, Quote, Trade
from foxtrot.testkit.clock import VirtualClock

SHARED = Path(os.environ.get("FOXTROT_SHARED", Path(__file__).resolve().parents[3].parent / "shared")) / "captures"
needs_captures = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded captures are not on this machine")
S = 1_000_000_000
START = 1_700_000_000 * S
CONTRACTS = [
    Contract(exchange="binanceus", symbol=f"{base}/USDT", venue_symbol=f"{base}USDT", base=base, quote="USDT")
    for base in ("BTC", "ETH")
]


def depth(first: int, last: int, bid: str, quantity: str = "1") -> str:
    event = {"e": "depthUpdate", "E": last, "s": "BTCUSDT", "U": first, "u": last, "b": [[bid, quantity]], "a": []}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": event})


def trade(number: int) -> str:
    event = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": number, "p": "1.5", "q": "1", "T": 1, "m": True, "M": True}
    return json.dumps({"stream": "btcusdt@trade", "data": event})


def snapshot(last: int, bid: str = "99") -> str:
    return json.dumps({"lastUpdateId": last, "bids": [[bid, "2"]], "asks": [["200", "1"]]})


def at(second: float, c: int = 1, d: str = "", **more: str) -> Line:
    return Line(t=START + int(second * S), c=c, d=d, **more)


def book_at(second: float, last: int, bid: str = "99") -> Line:
    return Line(t=START + int(second * S), s="BTC/USDT", q="symbol=BTCUSDT", d=snapshot(last, bid))


def write(folder: Path, lines: list[Line], *, run: int = 1, venue: str = "binanceus") -> None:
    writer = FrameWriter(folder, venue, lambda: CONTRACTS, run=run)
    writer.write(lines)
    writer.close()


def tear(folder: Path) -> Path:
    """Leave what a crash in the middle of a line leaves."""
    (path,) = folder.iterdir()
    with path.open("ab") as file:
        file.write(b'{"t":17000000000')
    return path


async def play(recording: Any, **settings: Any) -> tuple[list[Event], ReplayReport]:
    found: list[Event] = []
    engine = EventEngine(SystemClock())
    engine.subscribe(Event, found.append)
    async with engine:
        report = await replay_frames(recording, engine, **settings)
    return found, report


SESSION = [
    at(0, e="open"),
    at(0.1, d='{"result":null,"id":1}'),
    at(1, d=depth(1, 2, "101")),
    at(2, d=depth(3, 4, "102")),
    book_at(2.5, 3),
    at(3, d=trade(1)),
    at(4, d=depth(5, 6, "101", "0")),
    at(5, d="no JSON at all"),
]


async def test_the_book_comes_back_from_the_recorded_snapshot_and_changes(tmp_path: Path) -> None:
    write(tmp_path, SESSION)
    events, report = await play(tmp_path)
    assert [type(e) for e in events] == [BookUpdated, Trade, BookUpdated, ProtocolErrorSeen]
    first, _, second, _ = events
    assert isinstance(first, BookUpdated)
    assert isinstance(second, BookUpdated)
    assert (first.snapshot, first.update_id, first.best_bid, first.best_ask) == (True, 4, 102.0, 200.0)
    assert first.bids == [(102.0, 1.0), (99.0, 2.0)]
    assert (second.snapshot, second.update_id, second.ts_recv) == (False, 6, START + 4 * S)
    assert (report.files, report.frames, report.snapshots, report.events) == (1, 6, 1, 4)


async def test_the_same_recording_yields_the_same_events_byte_for_byte(tmp_path: Path) -> None:
    write(tmp_path, SESSION)
    (first, _), (second, _) = await play(tmp_path), await play(str(tmp_path))
    assert msgspec.msgpack.encode(first) == msgspec.msgpack.encode(second)
    assert [event.seq for event in first] == sorted({event.seq for event in first})


async def test_a_session_cut_into_files_yields_the_same_as_in_one(tmp_path: Path) -> None:
    write(tmp_path / "one", SESSION)
    for line in SESSION:
        write(tmp_path / "many", [line])
    (one, _), (many, report) = await play(tmp_path / "one"), await play(tmp_path / "many")
    assert report.files == len(SESSION)
    assert msgspec.msgpack.encode(one) == msgspec.msgpack.encode(many)


@pytest.mark.parametrize(
    ("speed", "due"), [(1.0, [2.5, 3.0, 4.0, 5.0]), (2.0, [1.25, 1.5, 2.0, 2.5]), (0.0, [0.0] * 4)]
)
async def test_events_come_when_they_came_then_or_as_much_faster_as_wanted(
    tmp_path: Path, speed: float, due: list[float]
) -> None:
    write(tmp_path, SESSION)
    clock, heard = VirtualClock(), list[float]()
    engine = EventEngine(clock)
    engine.subscribe(Event, lambda _: heard.append(clock.monotonic()))
    async with engine:
        replay = asyncio.create_task(replay_frames(tmp_path, engine, speed=speed, clock=clock))
        await clock.advance(10)
        await replay
    assert heard == due


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
async def test_a_speed_that_makes_no_sense_is_refused(tmp_path: Path, speed: float) -> None:
    write(tmp_path, SESSION)
    with pytest.raises(InvalidRequest, match="speed must be 0"):
        await play(tmp_path, speed=speed)


async def test_a_slow_subscriber_loses_nothing_at_full_speed(tmp_path: Path) -> None:
    write(tmp_path, [at(0, d=trade(n)) for n in range(12_000)])
    heard: list[int | str] = []

    async def slowly(event: Trade) -> None:
        await asyncio.sleep(0)
        heard.append(event.trade_id)

    engine = EventEngine(SystemClock())
    engine.subscribe(Trade, slowly)  # by default its queue drops the oldest beyond 10,000
    async with engine:
        await replay_frames(tmp_path, engine)
    assert heard == list(range(12_000))


async def test_a_lost_connection_makes_the_book_invalid_and_the_next_one_brings_it_back(tmp_path: Path) -> None:
    again = [
        at(7, 2, e="open"),
        at(7.1, 2, d=depth(9, 9, "105")),
        book_at(7.2, 9, "98"),
        at(8, 2, d=depth(10, 10, "106")),
    ]
    write(tmp_path, [*SESSION[:-1], at(6, e="close", d="reset by peer"), *again])
    events, _ = await play(tmp_path)
    books = [e for e in events if isinstance(e, BookUpdated | BookInvalidated)]
    assert [type(e).__name__ for e in books] == ["BookUpdated"] * 2 + ["BookInvalidated"] + ["BookUpdated"] * 2
    assert isinstance(books[2], BookInvalidated)
    assert books[2].reason == "reset by peer"
    assert isinstance(books[3], BookUpdated)
    assert books[3].snapshot
    assert books[3].bids == [(98.0, 2.0)]


async def test_a_gap_in_the_frames_is_a_gap_in_the_replay(tmp_path: Path) -> None:
    write(tmp_path, [*SESSION[:-1], at(6, d=depth(9, 9, "105"))])
    events, _ = await play(tmp_path)
    assert isinstance(events[-1], BookInvalidated)


async def test_a_connection_and_the_one_that_replaced_it_are_heard_as_one(tmp_path: Path) -> None:
    both = [at(n, c, d=frame) for n in range(11, 16) for c in (2, 1) for frame in (trade(n), depth(n, n, f"1{n:02}"))]
    write(
        tmp_path,
        [
            at(0, 1, e="open"),
            *(at(n, 1, d=frame) for n in range(1, 4) for frame in (trade(n), depth(n, n, f"1{n:02}"))),
            book_at(3.5, 2),
            *(at(n, 1, d=frame) for n in range(4, 11) for frame in (trade(n), depth(n, n, f"1{n:02}"))),
            at(10.5, 2, e="open"),
            *both[:4],
            book_at(11.5, 11, "99"),
            *both[4:],
            at(16, 1, e="close", d="closed by us"),
            *(at(n, 2, d=frame) for n in range(16, 20) for frame in (trade(n), depth(n, n, f"1{n:02}"))),
        ],
    )
    events, _ = await play(tmp_path)
    assert [e.trade_id for e in events if isinstance(e, Trade)] == list(range(1, 20))
    assert not [e for e in events if isinstance(e, BookInvalidated)]
    assert [e.update_id for e in events if isinstance(e, BookUpdated)] == list(range(3, 20))
    assert [e.seq for e in events] == sorted({e.seq for e in events})


async def test_a_replacement_that_failed_leaves_the_old_connection_heard(tmp_path: Path) -> None:
    early = [at(0, 1, e="open"), at(1, 1, d=trade(1)), at(2, 2, e="open"), at(2.1, 2, d=trade(2))]
    write(tmp_path, [*early, at(2.2, 2, e="close", d="cut"), at(3, 1, d=trade(2)), at(4, 1, d=trade(3))])
    events, _ = await play(tmp_path)
    assert [e.trade_id for e in events if isinstance(e, Trade)] == [1, 2, 3]


async def test_a_recorder_that_was_killed_and_started_anew_leaves_no_stale_book(tmp_path: Path) -> None:
    write(tmp_path, SESSION[:-1], run=1)
    write(tmp_path, [at(100, 1, e="open"), at(101, 1, d=depth(50, 51, "103")), book_at(102, 51)], run=2)
    events, _ = await play(tmp_path)
    kinds = [type(e).__name__ for e in events]
    assert kinds == ["BookUpdated", "Trade", "BookUpdated", "BookInvalidated", "BookUpdated"]


async def test_a_snapshot_that_could_not_be_read_then_is_passed_over_now(tmp_path: Path) -> None:
    bad = Line(t=START, s="BTC/USDT", q="symbol=BTCUSDT", d="<html>")
    write(tmp_path, [SESSION[0], SESSION[2], bad, *SESSION[3:]])
    events, _ = await play(tmp_path)
    assert isinstance(events[0], BookUpdated)


async def test_a_snapshot_that_a_book_no_longer_needs_does_not_set_it_back(tmp_path: Path) -> None:
    write(tmp_path, [*SESSION[:-1], book_at(4.5, 2, "50"), at(5, d=depth(7, 7, "103"))])
    events, _ = await play(tmp_path)
    assert [e.update_id for e in events if isinstance(e, BookUpdated)] == [4, 6, 7]


async def test_a_torn_end_and_dropped_lines_are_reported(tmp_path: Path) -> None:
    write(tmp_path, [*SESSION, at(6, 0, e="dropped", d="17")])
    path = tear(tmp_path)
    _, report = await play(tmp_path)
    assert report.torn == [path]
    assert report.dropped == 17


async def test_two_venues_in_one_folder_are_merged_by_time(tmp_path: Path) -> None:
    write(tmp_path, [at(n, d=trade(n)) for n in (1, 3, 5)])
    write(tmp_path, [at(n, d=trade(n)) for n in (2, 4, 6)], venue="binance")
    events, _ = await play(tmp_path)
    assert [(e.exchange, e.trade_id) for e in events if isinstance(e, Trade)] == [
        ("binance" if n % 2 == 0 else "binanceus", n) for n in range(1, 7)
    ]


async def test_a_venue_without_an_adapter_is_said(tmp_path: Path) -> None:
    write(tmp_path, SESSION, venue="atlantis")
    with pytest.raises(AdapterNotFound, match="atlantis"):
        await play(tmp_path)


# captures of other programs


def capture(folder: Path) -> Path:
    """Write what another recorder would have written of the same session."""
    rows: list[dict[str, Any]] = [{"t": "connect", "ts": START / S, "addr": "wss://x"}]
    rows += [{"t": "send", "ts_ns": START, "data": "SUBSCRIBE"}]
    for line in SESSION[1:]:
        if line.s:
            rows.append({"t": "http", "ts_ns": line.t, "url": "https://x/depth?symbol=BTCUSDT&limit=9", "data": line.d})
        else:
            rows.append({"t": "recv", "ts_ns": line.t, "data": line.d})
    path = folder / "capture.ndjson"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    return path


async def test_a_capture_and_its_import_tell_what_our_own_recording_tells(tmp_path: Path) -> None:
    write(tmp_path / "own", SESSION)
    path = capture(tmp_path)
    own, _ = await play(tmp_path / "own")
    direct, _ = await play([Capture(path, "binanceus", CONTRACTS)])
    files = import_capture(path, tmp_path / "imported", "binanceus", CONTRACTS)
    imported, _ = await play(tmp_path / "imported")
    assert len(files) == 1
    assert own == direct == imported


def test_a_capture_with_a_damaged_line_is_refused_and_one_with_a_torn_end_is_not(tmp_path: Path) -> None:
    path = capture(tmp_path)
    rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*rows, '{"t":"recv","ts_ns":17']), "utf-8")
    torn = Capture(path, "binanceus", CONTRACTS)
    assert len(list(torn.lines())) == len(SESSION)
    assert torn.torn
    path.write_text("\n".join([rows[0], '{"t":"recv"}', *rows[1:]]), "utf-8")
    with pytest.raises(ConfigError, match="Line 2 of"):
        list(Capture(path, "binanceus", CONTRACTS).lines())


def test_a_listing_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "listing.json"
    path.write_text("[1]", "utf-8")
    with pytest.raises(ConfigError, match="is no listing of binanceus's"):
        contracts_of(path, "binanceus")
    with pytest.raises(ConfigError, match="cannot be read"):
        contracts_of(tmp_path / "nothing", "binanceus")


@needs_captures
@pytest.mark.parametrize(
    ("name", "venue", "listing", "only", "updates", "tops"),
    [
        ("binanceus/session-2021-10-12.ndjson", "binanceus", "binanceus/exchangeInfo-2021-10-12.json", "", 300, 10),
        (
            "binance/btcusdt-2024-08-08-100s.ndjson.gz",
            "binance",
            "binance/exchangeInfo-25-symbols.json",
            "BTC/USDT",
            900,
            10,
        ),
    ],
)
async def test_captures_of_real_venues_give_the_known_answers(
    name: str, venue: str, listing: str, only: str, updates: int, tops: int
) -> None:
    contracts = [c for c in contracts_of(SHARED / listing, venue) if only in ("", c.symbol)]
    source = Capture(SHARED / name, venue, contracts)
    events, report = await play([source])
    again, _ = await play([source])
    assert msgspec.msgpack.encode(events) == msgspec.msgpack.encode(again)
    raw = (SHARED / name).read_bytes()
    lines = (gzip.decompress(raw) if name.endswith(".gz") else raw).splitlines()
    assert report.frames == sum(b'{"t":"recv"' in line for line in lines)
    kinds = Counter(type(e) for e in events if isinstance(e, MarketEvent))
    assert kinds[BookInvalidated] == 0
    assert kinds[BookUpdated] > updates
    quotes = {
        (e.symbol, e.update_id): (e.bid, e.bid_quantity, e.ask, e.ask_quantity) for e in events if isinstance(e, Quote)
    }
    equal = 0
    for book in (e for e in events if isinstance(e, BookUpdated)):
        top = quotes.get((book.symbol, book.update_id))
        assert top in (None, (book.best_bid, book.best_bid_quantity, book.best_ask, book.best_ask_quantity))
        equal += top is not None
    assert equal > tops
